//! Codes from a device (TOTP, RFC 6238) and recovery codes for the day it is gone.

use jiff::Timestamp;
use totp_rs::{Builder, Secret, Totp};

use crate::audit::deed;
use crate::desk::Desk;
use crate::error::{DeskError, Doing, LogInError};
use crate::login::{random_hex, token_hash};

/// How long a shared secret is, in bytes: as RFC 4226 section 4 recommends.
const SECRET: usize = 20;
/// How many recovery codes there are.
const CODES: usize = 10;

/// A second factor that is about to be set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// What the QR code says: an `otpauth://` URI, as authenticator programs take it (Key Uri Format).
    pub uri: String,
    /// The secret to be typed where no picture can be taken: base32 in groups of four.
    pub secret: String,
}

fn totp(secret: &[u8]) -> Totp {
    // Six digits, half a minute, one step to either side for clocks that are off: what every authenticator can.
    Builder::new().with_secret(Secret::new(secret.into())).build_noncompliant()
}

fn seconds(now: Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0)
}

fn enrolment(operator: &str, secret: &[u8]) -> Enrolment {
    let text = base32(secret);
    let name: String = operator.bytes().map(percent).collect();
    let uri = format!("otpauth://totp/nightdesk:{name}?secret={text}&issuer=nightdesk");
    let groups: Vec<&str> =
        text.as_bytes().chunks(4).filter_map(|four| std::str::from_utf8(four).ok()).collect();
    Enrolment { uri, secret: groups.join(" ") }
}

fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Base32 without padding (RFC 4648 section 6); twenty bytes need none.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for five in bytes.chunks(5) {
        let bits =
            five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte)) << (8 * (5 - five.len()));
        let letters = (five.len() * 8).div_ceil(5);
        for place in 0..letters {
            let at = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap_or(0);
            text.push(LETTERS.get(at).copied().map_or('A', char::from));
        }
    }
    text
}

/// A recovery code as it is shown: four groups of four hex digits, 64 bits; tries at it are counted like passwords.
fn recovery_code() -> Result<String, DeskError> {
    let text = random_hex()?;
    let groups: Vec<&str> = [0, 4, 8, 12].iter().filter_map(|at| text.get(*at..at + 4)).collect();
    Ok(groups.join("-"))
}

/// A recovery code as it is hashed, however it was typed.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_hexdigit).map(|c| c.to_ascii_lowercase()).collect()
}

impl Desk {
    /// Begins to set up a second factor, with a new secret; nothing is asked for until a code of it was right.
    ///
    /// # Errors
    /// [`LogInError::Over`] when one is in force: end it first.
    pub async fn begin_enrolment(&self, operator: &str) -> Result<Enrolment, LogInError> {
        let mut secret = [0u8; SECRET];
        getrandom::fill(&mut secret).map_err(|error| DeskError::Random(error.to_string()))?;
        let kept = self.store().propose_second_factor(operator, &secret).await.doing("keep a secret")?;
        if kept { Ok(enrolment(operator, &secret)) } else { Err(LogInError::Over) }
    }

    /// The second factor that is being set up; none when there is none, or one is in force.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn enrolment(&self, operator: &str) -> Result<Option<Enrolment>, DeskError> {
        let found = self.store().second_factor(operator).await.doing("look up a second factor")?;
        Ok(found.filter(|one| one.since.is_none()).map(|one| enrolment(operator, &one.secret)))
    }

    /// Puts it in force when the code is right; gives the recovery codes, which are shown this once.
    ///
    /// # Errors
    /// [`LogInError`].
    pub async fn finish_enrolment(&self, operator: &str, code: &str) -> Result<Vec<String>, LogInError> {
        let now = self.now();
        let found = self.store().second_factor(operator).await.doing("look up a second factor")?;
        let Some(proposed) = found.filter(|one| one.since.is_none()) else { return Err(LogInError::Over) };
        let Some(step) = totp(&proposed.secret).check(code.trim(), seconds(now)) else {
            return Err(LogInError::WrongCode);
        };
        let codes = (0..CODES).map(|_| recovery_code()).collect::<Result<Vec<_>, _>>()?;
        let hashes: Vec<[u8; 32]> = codes.iter().map(|code| token_hash(&plain(code))).collect();
        let kept = self.store().begin_second_factor(operator, step, &hashes, now).await;
        kept.doing("put a second factor in force")?;
        self.record_deed(deed(now, operator, "second-factor-set", operator)).await?;
        Ok(codes)
    }

    /// Takes a second factor away: one's own with a code, another's by an administrator.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be written.
    pub async fn end_second_factor(&self, operator: &str, by: &str) -> Result<bool, DeskError> {
        let gone = self.store().end_second_factor(operator).await.doing("take a second factor away")?;
        if gone {
            self.record_deed(deed(self.now(), by, "second-factor-ended", operator)).await?;
        }
        Ok(gone)
    }

    /// Ends one's own second factor, shown to be at hand by a code of it.
    ///
    /// # Errors
    /// [`LogInError`].
    pub async fn end_own_second_factor(
        &self,
        operator: &str,
        code: &str,
        from: std::net::IpAddr,
    ) -> Result<(), LogInError> {
        self.may_try(operator, from).await?;
        if self.code_is_right(operator, code).await?.is_none() {
            return Err(LogInError::WrongCode);
        }
        self.end_second_factor(operator, operator).await?;
        Ok(())
    }

    /// How many recovery codes an operator has left; none where no second factor is in force.
    ///
    /// # Errors
    /// [`DeskError`] when the store cannot be read.
    pub async fn recovery_codes_left(&self, operator: &str) -> Result<Option<u64>, DeskError> {
        let found = self.store().second_factor(operator).await.doing("look up a second factor")?;
        if found.is_none_or(|one| one.since.is_none()) {
            return Ok(None);
        }
        self.store().recovery_codes_left(operator).await.doing("count recovery codes").map(Some)
    }

    /// Whether a code is right, which uses it up; says what it was.
    pub(crate) async fn code_is_right(
        &self,
        operator: &str,
        code: &str,
    ) -> Result<Option<&'static str>, DeskError> {
        let now = self.now();
        let found = self.store().second_factor(operator).await.doing("look up a second factor")?;
        let Some(second) = found.filter(|second| second.since.is_some()) else { return Ok(None) };
        if let Some(step) = totp(&second.secret).check(code.trim(), seconds(now)) {
            let fresh = self.store().use_step(operator, step).await.doing("use a code up")?;
            return Ok(fresh.then_some("password and code"));
        }
        let hash = token_hash(&plain(code));
        let used = self.store().use_recovery_code(operator, &hash, now).await.doing("use a recovery code")?;
        Ok(used.then_some("password and recovery code"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238 appendix B, SHA-1: the last six of its eight digits.
        let device = totp(b"12345678901234567890");
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert!(device.check(code, time).is_some(), "{code} at {time}");
            assert!(device.check(code, time + 90).is_none(), "{code} is old a minute and a half later");
        }
        assert!(device.check("287083", 59).is_none() && device.check("", 59).is_none());
    }

    #[test]
    fn a_secret_is_written_as_authenticators_read_it() {
        // RFC 4648 section 10.
        for (bytes, text) in
            [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let shown = enrolment("night & day", b"12345678901234567890");
        assert_eq!(
            shown.uri,
            "otpauth://totp/nightdesk:night%20%26%20day?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=nightdesk"
        );
        assert_eq!(shown.secret, "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let code = recovery_code().expect("random bytes");
        assert_eq!(code.len(), 19);
        assert_eq!(plain(&code.to_uppercase().replace('-', " ")), plain(&code));
    }
}
