//! What a pick-up asks of a mailbox's server.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::num::NonZeroU32;

use imap_next::client::Event;
use imap_next::imap_types::command::CommandBody;
use imap_next::imap_types::core::Vec1;
use imap_next::imap_types::fetch::{MacroOrMessageDataItemNames, MessageDataItem, MessageDataItemName};
use imap_next::imap_types::flag::{Flag, FlagFetch, StoreResponse, StoreType};
use imap_next::imap_types::mailbox::Mailbox;
use imap_next::imap_types::response::{Capability, Code, Data};
use imap_next::imap_types::search::SearchKey;
use imap_next::imap_types::sequence::{Sequence, SequenceSet};

use super::connection::{capabilities, connect};
use super::credentials::CredentialsError;
use super::login::Login;
use super::wire::{AROUND, Budget, Deaf, LONG, Listener, SHORT, Wire};
use super::{Config, Limits};

/// Why a mailbox cannot be looked at, or one command of it failed. Text in it is the server's: show it only through
/// [`Printable`](crate::Printable).
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the connection failed: {0}")]
    Io(io::Error),
    #[error("the server closed the connection")]
    Closed,
    #[error("TLS failed: {0}; check the host name, and ca if the server's certificate is of its own making")]
    Tls(String),
    #[error("nothing was heard from the server in time")]
    Silent,
    #[error("the server was too slow")]
    TooSlow,
    #[error("the server sent more than the answer can be")]
    TooMuch,
    #[error("the server does not speak IMAP as we know it")]
    Malformed,
    #[error("the server said goodbye: {0}")]
    Bye(String),
    #[error("the server does not let us in: {0}; check user and password or token")]
    Refused(String),
    #[error("there is nothing to log in with: {0}")]
    Credentials(CredentialsError),
    #[error("the server refused {doing}: {said}")]
    No { doing: &'static str, said: String, try_create: bool },
    #[error("the folder is gone or may only be read; what is taken could not be marked")]
    ReadOnly,
}

/// A mailbox that is open.
#[derive(Debug)]
pub(super) struct Session {
    wire: Wire,
    offered: Vec<Capability<'static>>,
    message_bytes: u32,
    /// What the UIDs hold for (RFC 3501 section 2.3.1.1); 0 when the server does not say.
    uid_validity: u32,
    /// Whether the server has spoken of new mail since the last listing began.
    news: bool,
}

impl Session {
    /// Connects, logs in and opens the folder.
    pub(super) async fn open(config: &Config, login: &mut Login) -> Result<Session, Trouble> {
        let (mut wire, let_in) = connect(config).await?;
        if !let_in {
            let offered = capabilities(&mut wire).await?;
            login.log_in(&mut wire, &offered, (&config.host, config.port)).await?;
        }
        let offered = capabilities(&mut wire).await?;
        let message_bytes = config.limits.message_bytes;
        let mut session = Session { wire, offered, message_bytes, uid_validity: 0, news: false };
        session.select(&config.folder).await?;
        Ok(session)
    }

    async fn select(&mut self, folder: &str) -> Result<(), Trouble> {
        let mut opened = Opened::default();
        let body = CommandBody::select(mailbox(folder)?).map_err(|_| Trouble::Malformed)?;
        self.wire.command(body, SHORT, &mut opened).await?;
        if opened.read_only {
            return Err(Trouble::ReadOnly);
        }
        self.uid_validity = opened.uid_validity;
        Ok(())
    }

    /// What the UIDs of this session hold for.
    pub(super) fn uid_validity(&self) -> u32 {
        self.uid_validity
    }

    /// The lowest UIDs of unseen messages that `wanted` agrees to: at most `most`, and whether there are more.
    pub(super) async fn unseen(
        &mut self,
        most: usize,
        wanted: impl Fn(u32) -> bool + Send,
    ) -> Result<(BTreeSet<u32>, bool), Trouble> {
        self.news = false;
        let unseen = Vec1::unvalidated(vec![SearchKey::Unseen, SearchKey::Undeleted]);
        let mut found =
            Found { most, wanted, uids: BTreeSet::new(), more: false, answered: false, news: false };
        self.wire.command(CommandBody::search(None, unseen, true), LONG, &mut found).await?;
        if !found.answered {
            // A server of IMAP4rev2 alone answers with ESEARCH (RFC 9051 section 6.4.4), which the library does not know.
            let items = vec![MessageDataItemName::Uid, MessageDataItemName::Flags];
            let all = SequenceSet::try_from("1:*").map_err(|_| Trouble::Malformed)?;
            self.wire.command(fetch(all, items), LONG, &mut found).await?;
        }
        self.news |= found.news;
        Ok((found.uids, found.more))
    }

    /// How large these messages are by the server's word.
    pub(super) async fn sizes(&mut self, uids: &BTreeSet<u32>) -> Result<BTreeMap<u32, u32>, Trouble> {
        let numbers: Vec<Sequence> =
            uids.iter().filter_map(|uid| NonZeroU32::new(*uid)).map(Sequence::from).collect();
        let Ok(set) = SequenceSet::try_from(numbers) else { return Ok(BTreeMap::new()) };
        let mut sizes = Sizes::default();
        let items = vec![MessageDataItemName::Uid, MessageDataItemName::Rfc822Size];
        self.wire.command(fetch(set, items), SHORT, &mut sizes).await?;
        self.news |= sizes.news;
        Ok(sizes.of)
    }

    /// The bytes of one message; `None` when the server does not give them.
    pub(super) async fn bytes(&mut self, uid: u32) -> Result<Option<Vec<u8>>, Trouble> {
        let body = MessageDataItemName::BodyExt { section: None, partial: None, peek: true };
        let items = vec![MessageDataItemName::Uid, body];
        let mut message = Message { uid, bytes: None, news: false };
        let most = u64::from(self.message_bytes).saturating_add(u64::from(AROUND)).saturating_add(SHORT);
        self.wire.command(fetch(one(uid)?, items), most, &mut message).await?;
        self.news |= message.news;
        Ok(message.bytes)
    }

    /// Adds a flag to one message.
    pub(super) async fn flag(&mut self, uid: u32, flags: Vec<Flag<'static>>) -> Result<(), Trouble> {
        let body = CommandBody::store(one(uid)?, StoreType::Add, StoreResponse::Silent, flags, true)
            .map_err(|_| Trouble::Malformed)?;
        self.listen(body).await
    }

    /// Moves one message to another folder, which is made if need be.
    pub(super) async fn move_to(&mut self, uid: u32, folder: &str) -> Result<(), Trouble> {
        match self.move_once(uid, folder).await {
            Err(Trouble::No { try_create: true, .. }) => {
                let make = CommandBody::create(mailbox(folder)?).map_err(|_| Trouble::Malformed)?;
                self.listen(make).await?;
                self.move_once(uid, folder).await
            }
            other => other,
        }
    }

    async fn move_once(&mut self, uid: u32, folder: &str) -> Result<(), Trouble> {
        let to = mailbox(folder)?;
        let set = one(uid)?;
        if self.offered.contains(&Capability::Move) {
            return self.listen(CommandBody::Move { sequence_set: set, mailbox: to, uid: true }).await;
        }
        let copy = CommandBody::copy(set.clone(), to, true).map_err(|_| Trouble::Malformed)?;
        self.listen(copy).await?;
        self.flag(uid, vec![Flag::Seen, Flag::Deleted]).await?;
        // A plain EXPUNGE would take with it what other programs have marked; then the message stays, marked.
        if self.offered.contains(&Capability::UidPlus) {
            return self.listen(CommandBody::ExpungeUid { sequence_set: set }).await;
        }
        Ok(())
    }

    async fn listen(&mut self, body: CommandBody<'static>) -> Result<(), Trouble> {
        let mut news = News(false);
        let outcome = self.wire.command(body, SHORT, &mut news).await;
        self.news |= news.0;
        outcome
    }

    /// Returns when there may be new mail: the server says so, or it is time to look anyway.
    pub(super) async fn wait_for_mail(&mut self, limits: &Limits) -> Result<(), Trouble> {
        if self.news {
            return Ok(());
        }
        if !self.offered.contains(&Capability::Idle) {
            tokio::time::sleep(limits.every).await;
            return Ok(());
        }
        let (_, tag) = self.wire.begin(CommandBody::Idle)?;
        let mut budget = Budget::new(SHORT, limits.idle, limits.idle);
        let waited = self.idle(&mut budget).await;
        match waited {
            // Time to renew; that nothing was said is no trouble here.
            Err(Trouble::Silent | Trouble::TooSlow) | Ok(Idled::News) => {}
            Ok(Idled::Refused) => {
                self.offered.retain(|one| *one != Capability::Idle);
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        }
        if !self.wire.end_idle() {
            return Err(Trouble::Silent);
        }
        let mut budget = Budget::new(SHORT, limits.silence, limits.silence);
        self.wire.finish("IDLE", &tag, &mut budget, &mut Deaf).await
    }

    async fn idle(&mut self, budget: &mut Budget) -> Result<Idled, Trouble> {
        use imap_next::imap_types::response::Status;
        loop {
            match self.wire.event(budget).await? {
                Event::DataReceived { data: Data::Exists(_) } => return Ok(Idled::News),
                Event::IdleRejected { .. } => return Ok(Idled::Refused),
                Event::StatusReceived { status: Status::Bye(bye) } => {
                    return Err(Trouble::Bye(bye.text.to_string()));
                }
                _ => {}
            }
        }
    }
}

/// How an IDLE ended before its time.
enum Idled {
    News,
    Refused,
}

fn mailbox(name: &str) -> Result<Mailbox<'static>, Trouble> {
    Mailbox::try_from(name.to_owned()).map_err(|_| Trouble::ReadOnly)
}

fn one(uid: u32) -> Result<SequenceSet, Trouble> {
    let uid = NonZeroU32::new(uid).ok_or(Trouble::Malformed)?;
    Ok(SequenceSet::from(Sequence::from(uid)))
}

fn fetch(set: SequenceSet, items: Vec<MessageDataItemName<'static>>) -> CommandBody<'static> {
    let names = MacroOrMessageDataItemNames::MessageDataItemNames(items);
    CommandBody::Fetch { sequence_set: set, macro_or_item_names: names, uid: true }
}

/// What SELECT tells.
#[derive(Default)]
struct Opened {
    uid_validity: u32,
    read_only: bool,
}

impl Listener for Opened {
    fn data(&mut self, _data: Data<'static>) {}

    fn code(&mut self, code: &Code<'static>) {
        match code {
            Code::UidValidity(number) => self.uid_validity = number.get(),
            Code::ReadOnly => self.read_only = true,
            _ => {}
        }
    }
}

/// Whether new mail is spoken of.
struct News(bool);

impl Listener for News {
    fn data(&mut self, data: Data<'static>) {
        self.0 |= matches!(data, Data::Exists(_));
    }
}

/// The lowest unseen UIDs, never more than are wanted, however many the server lists.
struct Found<F> {
    most: usize,
    wanted: F,
    uids: BTreeSet<u32>,
    more: bool,
    answered: bool,
    news: bool,
}

impl<F: Fn(u32) -> bool + Send> Found<F> {
    fn take(&mut self, uid: u32) {
        if (self.wanted)(uid) && self.uids.insert(uid) && self.uids.len() > self.most {
            self.uids.pop_last();
            self.more = true;
        }
    }
}

impl<F: Fn(u32) -> bool + Send> Listener for Found<F> {
    fn data(&mut self, data: Data<'static>) {
        match data {
            Data::Search(uids) => {
                self.answered = true;
                uids.into_iter().for_each(|uid| self.take(uid.get()));
            }
            Data::Fetch { items, .. } if !self.answered => {
                let mut uid = None;
                let mut done = true;
                for item in items {
                    match item {
                        MessageDataItem::Uid(number) => uid = Some(number.get()),
                        MessageDataItem::Flags(flags) => {
                            done = [Flag::Seen, Flag::Deleted]
                                .into_iter()
                                .any(|flag| flags.contains(&FlagFetch::Flag(flag)));
                        }
                        _ => {}
                    }
                }
                if let (Some(uid), false) = (uid, done) {
                    self.take(uid);
                }
            }
            Data::Exists(_) => self.news = true,
            _ => {}
        }
    }
}

#[derive(Default)]
struct Sizes {
    of: BTreeMap<u32, u32>,
    news: bool,
}

impl Listener for Sizes {
    fn data(&mut self, data: Data<'static>) {
        match data {
            Data::Fetch { items, .. } => {
                let mut uid = None;
                let mut size = None;
                for item in items {
                    match item {
                        MessageDataItem::Uid(number) => uid = Some(number.get()),
                        MessageDataItem::Rfc822Size(bytes) => size = Some(bytes),
                        _ => {}
                    }
                }
                if let (Some(uid), Some(size)) = (uid, size) {
                    self.of.insert(uid, size);
                }
            }
            Data::Exists(_) => self.news = true,
            _ => {}
        }
    }
}

/// One message's bytes, and no other's.
struct Message {
    uid: u32,
    bytes: Option<Vec<u8>>,
    news: bool,
}

impl Listener for Message {
    fn data(&mut self, data: Data<'static>) {
        match data {
            Data::Fetch { items, .. } => {
                let ours = items
                    .as_ref()
                    .iter()
                    .any(|item| matches!(item, MessageDataItem::Uid(uid) if uid.get() == self.uid));
                for item in items {
                    if let (true, MessageDataItem::BodyExt { section: None, origin: None, data }) =
                        (ours, item)
                    {
                        self.bytes = data.into_option().map(std::borrow::Cow::into_owned);
                    }
                }
            }
            Data::Exists(_) => self.news = true,
            _ => {}
        }
    }
}
