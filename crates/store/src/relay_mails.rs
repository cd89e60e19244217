//! Test mails of relay probes that are still under way, so that a restart forgets none: a mail server may hold one for hours.

use std::net::{IpAddr, SocketAddr};

use jiff::Timestamp;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// One such mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayMail {
    /// Its number, which nobody can guess, in hex.
    pub nonce: String,
    /// Which mail server it was handed to.
    pub target: SocketAddr,
    /// In which form of addressing.
    pub form: String,
    /// Until when it is waited for.
    pub expires: Timestamp,
    /// When the server took it, if it did.
    pub taken: Option<Timestamp>,
    /// From where it was delivered to us.
    pub landed: Option<IpAddr>,
    /// From where it came back as undeliverable.
    pub bounced: Option<IpAddr>,
}

type Row = (String, String, String, i64, Option<i64>, Option<String>, Option<String>);

impl Store {
    /// Writes down these mails, in place of what was known of each, and forgets those with the numbers of `over`; all of it
    /// or nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn keep_relay_mails(&self, mails: &[RelayMail], over: &[String]) -> Result<(), StoreError> {
        const DOING: &str = "keeping mails of relay tests";
        let mut tx = self.begin(DOING).await?;
        for mail in mails {
            let sql = "INSERT INTO relay_mails (nonce, target, form, expires, taken, landed, bounced)
                       VALUES ($1, $2, $3, $4, $5, $6, $7)
                       ON CONFLICT (nonce) DO UPDATE SET taken = excluded.taken, landed = excluded.landed,
                         bounced = excluded.bounced";
            let values = args![
                mail.nonce.as_str(),
                mail.target.to_string(),
                mail.form.as_str(),
                mail.expires.as_microsecond(),
                mail.taken.map(Timestamp::as_microsecond),
                mail.landed.map(|from| from.to_string()),
                mail.bounced.map(|from| from.to_string()),
            ];
            tx.execute(DOING, sql, values).await?;
        }
        for nonce in over {
            tx.execute(DOING, "DELETE FROM relay_mails WHERE nonce = $1", args![nonce.as_str()]).await?;
        }
        tx.commit(DOING).await
    }

    /// The mails that are still waited for at `now`; the others are forgotten.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn relay_mails(&self, now: Timestamp) -> Result<Vec<RelayMail>, StoreError> {
        const DOING: &str = "reading mails of relay tests";
        let over = "DELETE FROM relay_mails WHERE expires <= $1";
        self.execute(DOING, over, args![now.as_microsecond()]).await?;
        let sql =
            "SELECT nonce, target, form, expires, taken, landed, bounced FROM relay_mails ORDER BY nonce";
        let rows: Vec<Row> = self.rows(DOING, sql, args![]).await?;
        rows.into_iter().map(mail).collect()
    }
}

fn mail((nonce, target, form, expires, taken, landed, bounced): Row) -> Result<RelayMail, StoreError> {
    const WHAT: &str = "a mail of a relay test";
    let address = |text: Option<String>| text.map(|text| codec::from_word(text, WHAT)).transpose();
    Ok(RelayMail {
        target: codec::from_word(target, WHAT)?,
        expires: codec::moment(expires, WHAT)?,
        taken: taken.map(|micros| codec::moment(micros, WHAT)).transpose()?,
        landed: address(landed)?,
        bounced: address(bounced)?,
        nonce,
        form,
    })
}
