//! The firewalls of the lines, who may send mail directly, and tests in the walled garden. Rows as they stand; what they
//! mean is said elsewhere.

use std::net::IpAddr;

use case::{CaseId, SubscriberId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use crate::sql::args;
use crate::{Store, StoreError, codec};

/// The firewall of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirewallRow {
    /// Whose line.
    pub subscriber: SubscriberId,
    /// The name of its profile.
    pub profile: String,
    /// The machine that what is opened leads to, as JSON.
    pub server: String,
    /// How many times its configuration has changed, from 1.
    pub number: u32,
    /// What its link is known by; nobody can guess it.
    pub token: String,
    /// The address it was last seen at, and the neighbourhood of that.
    pub address: Option<IpAddr>,
    /// Its /24, or /48 of IPv6.
    pub net: Option<String>,
    /// What was seen of it, as JSON.
    pub record: String,
    /// How it stands, by name.
    pub state: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// The last step taken towards it, by name.
    pub step: Option<String>,
    /// When it was taken.
    pub stepped: Option<Timestamp>,
    /// When it was last looked at.
    pub updated: Timestamp,
}

/// Somebody's wish to send mail directly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExemptionRow {
    /// Whose line.
    pub subscriber: SubscriberId,
    /// When it was asked.
    pub asked: Timestamp,
    /// The customer's words.
    pub reason: String,
    /// What was decided, by name.
    pub state: String,
    /// By whom.
    pub decided_by: Option<String>,
    /// When it ends.
    pub until: Option<Timestamp>,
}

/// One test that a customer asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GardenTest {
    /// When it was asked for.
    pub at: Timestamp,
    /// Of which case.
    pub case: CaseId,
    /// Which question of the case it is, or a later one.
    pub question: u32,
    /// What came of it; `None` while it runs.
    pub outcome: Option<String>,
}

const COLUMNS: &str =
    "subscriber, profile, server, number, token, address, net, record, state, since, step, stepped, updated";

impl Store {
    /// The firewall of a line.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn firewall_line(&self, subscriber: &SubscriberId) -> Result<Option<FirewallRow>, StoreError> {
        self.one_firewall(
            format!("SELECT {COLUMNS} FROM firewall_lines WHERE subscriber = $1"),
            subscriber.as_str(),
        )
        .await
    }

    /// The firewall whose link has this token.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn firewall_of_token(&self, token: &str) -> Result<Option<FirewallRow>, StoreError> {
        self.one_firewall(format!("SELECT {COLUMNS} FROM firewall_lines WHERE token = $1"), token).await
    }

    async fn one_firewall(&self, sql: String, key: &str) -> Result<Option<FirewallRow>, StoreError> {
        let row: Option<Row> = self.row(READING, AssertSqlSafe(sql), args![key]).await?;
        row.map(FirewallRow::try_from).transpose()
    }

    /// Firewalls in one state, the oldest trouble first; all of them where none is named, by subscriber.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn firewall_lines(
        &self,
        state: Option<&str>,
        limit: u32,
    ) -> Result<Vec<FirewallRow>, StoreError> {
        let (filter, order) = match state {
            Some(_) => ("WHERE state = $2", "since, subscriber"),
            None => ("WHERE $2 = ''", "subscriber"),
        };
        let sql = format!("SELECT {COLUMNS} FROM firewall_lines {filter} ORDER BY {order} LIMIT $1");
        let values = args![i64::from(limit), state.unwrap_or_default()];
        let rows: Vec<Row> = self.rows(READING, AssertSqlSafe(sql), values).await?;
        rows.into_iter().map(FirewallRow::try_from).collect()
    }

    /// Puts a line's firewall in the place of what was known of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn put_firewall(&self, row: &FirewallRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO firewall_lines (subscriber, profile, server, number, token, address, net, record, state,
                     since, step, stepped, updated)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                   ON CONFLICT (subscriber) DO UPDATE SET profile = excluded.profile, server = excluded.server,
                     number = excluded.number, token = excluded.token, address = excluded.address, net = excluded.net,
                     record = excluded.record, state = excluded.state, since = excluded.since, step = excluded.step,
                     stepped = excluded.stepped, updated = excluded.updated";
        let values = args![
            row.subscriber.as_str(),
            row.profile.as_str(),
            row.server.as_str(),
            i64::from(row.number),
            row.token.as_str(),
            row.address.map(|address| address.to_string()),
            row.net.clone(),
            row.record.as_str(),
            row.state.as_str(),
            row.since.map(Timestamp::as_microsecond),
            row.step.clone(),
            row.stepped.map(Timestamp::as_microsecond),
            row.updated.as_microsecond(),
        ];
        self.execute("recording a line's firewall", sql, values).await.map(drop)
    }

    /// How many lines stand how, by the state's name.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn firewall_states(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT state, COUNT(*) FROM firewall_lines GROUP BY state ORDER BY state";
        let rows: Vec<(String, i64)> = self.rows(READING, sql, args![]).await?;
        Ok(rows.into_iter().map(|(state, lines)| (state, u64::try_from(lines).unwrap_or(0))).collect())
    }

    /// The neighbourhoods with the most lines in a state: each with how many, and how many are known there.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn firewall_nets(
        &self,
        state: &str,
        limit: u32,
    ) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let sql =
            "SELECT net, SUM(CASE WHEN state = $1 THEN 1 ELSE 0 END) AS bad, COUNT(*) FROM firewall_lines
                   WHERE net IS NOT NULL GROUP BY net
                   HAVING SUM(CASE WHEN state = $1 THEN 1 ELSE 0 END) > 0 ORDER BY bad DESC, net LIMIT $2";
        let rows: Vec<(String, i64, i64)> = self.rows(READING, sql, args![state, i64::from(limit)]).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Ok(rows.into_iter().map(|(net, bad, all)| (net, count(bad), count(all))).collect())
    }

    /// Records how many lines stand how on a day, by days since 1970.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn put_firewall_day(&self, day: i64, states: &[(String, u64)]) -> Result<(), StoreError> {
        let sql = "INSERT INTO firewall_days (day, state, lines) VALUES ($1, $2, $3)
                   ON CONFLICT (day, state) DO UPDATE SET lines = excluded.lines";
        for (state, lines) in states {
            let lines = i64::try_from(*lines).unwrap_or(i64::MAX);
            self.execute("counting firewalls", sql, args![day, state.as_str(), lines]).await?;
        }
        Ok(())
    }

    /// Day, state and lines from a day on, in order.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn firewall_days(&self, since: i64) -> Result<Vec<(i64, String, u64)>, StoreError> {
        let sql = "SELECT day, state, lines FROM firewall_days WHERE day >= $1 ORDER BY day, state";
        let rows: Vec<(i64, String, i64)> = self.rows(READING, sql, args![since]).await?;
        Ok(rows
            .into_iter()
            .map(|(day, state, lines)| (day, state, u64::try_from(lines).unwrap_or(0)))
            .collect())
    }

    /// A line's wish to send mail directly.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn mail_exemption(
        &self,
        subscriber: &SubscriberId,
    ) -> Result<Option<ExemptionRow>, StoreError> {
        let sql = "SELECT subscriber, asked, reason, state, decided_by, until FROM mail_exemptions WHERE subscriber = $1";
        let row: Option<Exempt> = self.row(READING, sql, args![subscriber.as_str()]).await?;
        row.map(exemption).transpose()
    }

    /// All such wishes, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn mail_exemptions(&self, limit: u32) -> Result<Vec<ExemptionRow>, StoreError> {
        let sql = "SELECT subscriber, asked, reason, state, decided_by, until FROM mail_exemptions
                   ORDER BY asked DESC, subscriber LIMIT $1";
        let rows: Vec<Exempt> = self.rows(READING, sql, args![i64::from(limit)]).await?;
        rows.into_iter().map(exemption).collect()
    }

    /// Puts such a wish in the place of an earlier one of the line.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn put_mail_exemption(&self, row: &ExemptionRow) -> Result<(), StoreError> {
        let sql = "INSERT INTO mail_exemptions (subscriber, asked, reason, state, decided_by, until)
                   VALUES ($1, $2, $3, $4, $5, $6)
                   ON CONFLICT (subscriber) DO UPDATE SET asked = excluded.asked, reason = excluded.reason,
                     state = excluded.state, decided_by = excluded.decided_by, until = excluded.until";
        let values = args![
            row.subscriber.as_str(),
            row.asked.as_microsecond(),
            row.reason.as_str(),
            row.state.as_str(),
            row.decided_by.clone(),
            row.until.map(Timestamp::as_microsecond),
        ];
        self.execute("recording a wish to send mail", sql, values).await.map(drop)
    }

    /// Tests a customer asked for since a moment, the newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn garden_tests(
        &self,
        subscriber: &SubscriberId,
        since: Timestamp,
    ) -> Result<Vec<GardenTest>, StoreError> {
        let sql = "SELECT at, case_id, question, outcome FROM garden_tests WHERE subscriber = $1 AND at >= $2
                   ORDER BY at DESC LIMIT 100";
        let values = args![subscriber.as_str(), since.as_microsecond()];
        let rows: Vec<(i64, i64, i64, Option<String>)> = self.rows(READING, sql, values).await?;
        let read = |(at, case, question, outcome): (i64, i64, i64, Option<String>)| {
            test(at, case, question, outcome)
        };
        rows.into_iter().map(read).collect()
    }

    /// Every test that still runs, the oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn running_garden_tests(&self) -> Result<Vec<(SubscriberId, GardenTest)>, StoreError> {
        let sql = "SELECT subscriber, at, case_id, question FROM garden_tests WHERE outcome IS NULL ORDER BY at LIMIT 1000";
        let rows: Vec<(String, i64, i64, i64)> = self.rows(READING, sql, args![]).await?;
        let read = |(subscriber, at, case, question): (String, i64, i64, i64)| {
            Ok((codec::subscriber(&subscriber)?, test(at, case, question, None)?))
        };
        rows.into_iter().map(read).collect()
    }

    /// Records a test, or what came of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn put_garden_test(
        &self,
        subscriber: &SubscriberId,
        test: &GardenTest,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO garden_tests (subscriber, at, case_id, question, outcome) VALUES ($1, $2, $3, $4, $5)
                   ON CONFLICT (subscriber, at) DO UPDATE SET question = excluded.question, outcome = excluded.outcome";
        let case = i64::try_from(test.case.0).unwrap_or(i64::MAX);
        let (at, question) = (test.at.as_microsecond(), i64::from(test.question));
        let values = args![subscriber.as_str(), at, case, question, test.outcome.clone()];
        self.execute("recording a test in the walled garden", sql, values).await.map(drop)
    }
}

fn test(at: i64, case: i64, question: i64, outcome: Option<String>) -> Result<GardenTest, StoreError> {
    Ok(GardenTest {
        at: codec::moment(at, "a test in the walled garden")?,
        case: CaseId(u64::try_from(case).unwrap_or(0)),
        question: u32::try_from(question).unwrap_or(0),
        outcome,
    })
}

const READING: &str = "reading of the firewalls";

type Exempt = (String, i64, String, String, Option<String>, Option<i64>);

fn exemption(
    (subscriber, asked, reason, state, decided_by, until): Exempt,
) -> Result<ExemptionRow, StoreError> {
    let moment = |micros| codec::moment(micros, "a wish to send mail");
    Ok(ExemptionRow {
        subscriber: codec::subscriber(&subscriber)?,
        asked: moment(asked)?,
        reason,
        state,
        decided_by,
        until: until.map(moment).transpose()?,
    })
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    subscriber: String,
    profile: String,
    server: String,
    number: i64,
    token: String,
    address: Option<String>,
    net: Option<String>,
    record: String,
    state: String,
    since: Option<i64>,
    step: Option<String>,
    stepped: Option<i64>,
    updated: i64,
}

impl TryFrom<Row> for FirewallRow {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<FirewallRow, StoreError> {
        let moment = |micros| codec::moment(micros, "a line's firewall");
        Ok(FirewallRow {
            subscriber: codec::subscriber(&row.subscriber)?,
            number: u32::try_from(row.number).unwrap_or(1),
            address: row.address.and_then(|text| text.parse().ok()),
            since: row.since.map(moment).transpose()?,
            stepped: row.stepped.map(moment).transpose()?,
            updated: moment(row.updated)?,
            profile: row.profile,
            server: row.server,
            token: row.token,
            net: row.net,
            record: row.record,
            state: row.state,
            step: row.step,
        })
    }
}
