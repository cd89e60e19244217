//! Waiting for something to be seen.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often we look.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Looks again and again until `look` returns something, an error, or the deadline has passed. `what` finishes the
/// sentence "it was not seen that ...".
pub(crate) fn until<T>(
    what: &str,
    deadline: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        if started.elapsed() > deadline {
            bail!("it was not seen within {} s that {what}", deadline.as_secs());
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

#[cfg(test)]
mod tests {
    use super::until;
    use std::time::Duration;

    #[test]
    fn it_ends_at_the_first_sight_at_an_error_and_at_the_deadline() {
        let mut looks = 0;
        let third = until("", Duration::from_secs(9), || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(third.unwrap(), 3);
        let error =
            until("", Duration::from_secs(9), || -> anyhow::Result<Option<()>> { anyhow::bail!("no") });
        assert_eq!(error.unwrap_err().to_string(), "no");
        let late = until("pigs fly", Duration::ZERO, || Ok(None::<()>)).unwrap_err();
        assert_eq!(late.to_string(), "it was not seen within 0 s that pigs fly");
    }
}
