//! Messages to other programs: written in the transaction of what they tell of, and kept until they are taken.

use jiff::Timestamp;

use crate::sql::{Tx, args};
use crate::{Store, StoreError, codec};

const DOING: &str = "keeping messages to other programs";

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookMessage {
    /// Its identity: the same each time it is sent, so that whoever takes it twice can see that.
    pub id: String,
    /// Which hook it is for.
    pub hook: String,
    /// The very bytes that are sent.
    pub body: String,
    /// When it was made.
    pub made: Timestamp,
    /// Not before.
    pub due: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// `waiting`, `taken` or `given-up`.
    pub state: String,
    /// What the other side last said, where it took none.
    pub note: String,
}

/// How a hook does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookHealth {
    /// Which.
    pub hook: String,
    /// How many messages were tried more than twice and wait, or were given up.
    pub failing: u64,
    /// Since when.
    pub since: Timestamp,
    /// What the other side said of one of them.
    pub note: String,
}

type Row = (String, String, String, i64, i64, i64, String, String);
const COLUMNS: &str = "id, hook, body, made, due, attempts, state, note";

impl Store {
    /// Messages of a hook that wait and whose time has come, the oldest first; at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed or a row is damaged.
    pub async fn hook_messages_due(
        &self,
        hook: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<HookMessage>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM hook_messages WHERE state = 'waiting' AND hook = $1 AND due <= $2
             ORDER BY made, id LIMIT $3"
        );
        let values = args![hook, now.as_microsecond(), i64::from(limit)];
        let rows: Vec<Row> = self.rows(DOING, sqlx::AssertSqlSafe(sql), values).await?;
        rows.into_iter().map(HookMessage::try_from).collect()
    }

    /// Writes down what came of trying a message: its state, and when it is tried again.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn tried_hook_message(&self, message: &HookMessage) -> Result<(), StoreError> {
        let sql = "UPDATE hook_messages SET due = $2, attempts = $3, state = $4, note = $5 WHERE id = $1";
        let mut tx = self.begin(DOING).await?;
        let values = args![
            message.id.as_str(),
            message.due.as_microsecond(),
            i64::from(message.attempts),
            message.state.as_str(),
            message.note.as_str(),
        ];
        tx.execute(DOING, sql, values).await?;
        tx.commit(DOING).await
    }

    /// Forgets messages made before `before` that wait no longer. How many those were.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn forget_hook_messages(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut tx = self.begin(DOING).await?;
        let sql = "DELETE FROM hook_messages WHERE state <> 'waiting' AND made < $1";
        let gone = tx.execute(DOING, sql, args![before.as_microsecond()]).await?;
        tx.commit(DOING).await?;
        Ok(gone)
    }

    /// The hooks that do not take what they are sent, by name.
    ///
    /// # Errors
    /// [`StoreError`] when the database failed.
    pub async fn failing_hooks(&self) -> Result<Vec<HookHealth>, StoreError> {
        let sql = "SELECT hook, COUNT(*), MIN(made), MAX(note) FROM hook_messages
                   WHERE (state = 'waiting' AND attempts > 2) OR state = 'given-up' GROUP BY hook ORDER BY hook";
        let rows: Vec<(String, i64, i64, String)> = self.rows(DOING, sql, args![]).await?;
        rows.into_iter()
            .map(|(hook, failing, since, note)| {
                Ok(HookHealth {
                    hook,
                    failing: codec::count(failing, "number of messages")?,
                    since: codec::moment(since, "a message")?,
                    note,
                })
            })
            .collect()
    }
}

pub(crate) async fn write(tx: &mut Tx, messages: &[HookMessage]) -> Result<(), StoreError> {
    for one in messages {
        let sql = "INSERT INTO hook_messages (id, hook, body, made, due, attempts, state, note)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING";
        let values = args![
            one.id.as_str(),
            one.hook.as_str(),
            one.body.as_str(),
            one.made.as_microsecond(),
            one.due.as_microsecond(),
            i64::from(one.attempts),
            one.state.as_str(),
            one.note.as_str(),
        ];
        tx.execute(DOING, sql, values).await?;
    }
    Ok(())
}

impl TryFrom<Row> for HookMessage {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<HookMessage, StoreError> {
        let (id, hook, body, made, due, attempts, state, note) = row;
        let what = format!("message {id}");
        Ok(HookMessage {
            hook,
            body,
            made: codec::moment(made, &what)?,
            due: codec::moment(due, &what)?,
            attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
            state,
            note,
            id,
        })
    }
}
