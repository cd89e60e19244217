//! The door as the real desk answers it; nothing here but the call and the translation of its error.

use std::net::IpAddr;

use case::{Actor, CaseId, Command, EvidenceId, SubscriberId};
use desk::{
    Acknowledged, ActError, BulkAction, BulkError, BulkPreview, BulkView, BulkWish, CaseView, Configuration,
    CustomerAnswer, CustomerView, Desk, DeskError, Dialect, DutyView, EvidenceView, Exposure, FirewallView,
    Front, GardenAnswer, Gauges, Handover, HandoverError, InboxError, IntakeView, LookBackError,
    MailPortView, NewSession, NumbersView, Page, PageId, PageLogged, PageView, PlaybookView, QueuePage,
    RefileError, ReporterView, SearchError, Session, Timeline, TrapsView, Verb, Via, WhyStep,
};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::office::{Office, OfficeError, Soon, Splitting, TrialBegun};

impl From<DeskError> for OfficeError {
    fn from(error: DeskError) -> Self {
        OfficeError::Unavailable(with_causes(&error))
    }
}

impl From<ActError> for OfficeError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::NoSuchCase(_) => OfficeError::NoSuchCase,
            ActError::Refused(refusal) => OfficeError::Refused(refusal),
            ActError::Changed => OfficeError::Changed,
            ActError::Forbidden(error) => error.into(),
            ActError::Desk(error) => error.into(),
        }
    }
}

impl From<SearchError> for OfficeError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Search(error) => OfficeError::BadSearch(error),
            SearchError::Desk(error) => error.into(),
        }
    }
}

impl From<BulkError> for OfficeError {
    fn from(error: BulkError) -> Self {
        match error {
            BulkError::Search(error) => error.into(),
            BulkError::Act(error) => error.into(),
            BulkError::Changed => OfficeError::CasesChanged,
            BulkError::NoSuch => OfficeError::NoSuchOrder,
            BulkError::Reason | BulkError::None | BulkError::TooMany | BulkError::TooLate(_) => {
                OfficeError::CannotSay(error.to_string())
            }
        }
    }
}

impl From<HandoverError> for OfficeError {
    fn from(error: HandoverError) -> Self {
        match error {
            HandoverError::TooLong => OfficeError::CannotSay(error.to_string()),
            HandoverError::Desk(error) => error.into(),
        }
    }
}

impl From<InboxError> for OfficeError {
    fn from(error: InboxError) -> Self {
        match error {
            InboxError::Desk(error) => error.into(),
            other => OfficeError::CannotSay(other.to_string()),
        }
    }
}

impl From<RefileError> for OfficeError {
    fn from(error: RefileError) -> Self {
        match error {
            RefileError::Act(error) => error.into(),
            other => OfficeError::CannotSay(other.to_string()),
        }
    }
}

impl From<LookBackError> for OfficeError {
    fn from(error: LookBackError) -> Self {
        match error {
            LookBackError::NoFlows | LookBackError::Foreign(_) => OfficeError::CannotSay(error.to_string()),
            LookBackError::Lake(inner) if inner.is_the_askers() => OfficeError::CannotSay(inner.to_string()),
            LookBackError::Lake(inner) => OfficeError::Unavailable(with_causes(&inner)),
        }
    }
}

/// The error and what lies beneath it, for the log.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl Office for Desk {
    fn queue<'a>(&'a self, search: &'a str, page: usize, by: &'a str) -> Soon<'a, QueuePage> {
        Box::pin(async move { Ok(Desk::queue(self, search, page, by).await?) })
    }

    fn preview_bulk<'a>(
        &'a self,
        search: &'a str,
        action: &'a BulkAction,
        by: &'a str,
    ) -> Soon<'a, BulkPreview> {
        Box::pin(async move { Ok(Desk::preview_bulk(self, search, action, by).await?) })
    }

    fn order_bulk<'a>(&'a self, wish: &'a BulkWish, mark: &'a str, by: &'a str) -> Soon<'a, u64> {
        Box::pin(async move { Ok(Desk::order_bulk(self, wish, mark, by).await?) })
    }

    fn undo_bulk<'a>(&'a self, id: u64, by: &'a str) -> Soon<'a, BulkView> {
        Box::pin(async move { Ok(Desk::undo_bulk(self, id, by).await?) })
    }

    fn bulk(&self, id: u64) -> Soon<'_, Option<BulkView>> {
        Box::pin(async move { Ok(Desk::bulk(self, id).await?) })
    }

    fn bulks(&self) -> Soon<'_, Vec<BulkView>> {
        Box::pin(async move { Ok(Desk::bulks(self).await?) })
    }

    fn handover<'a>(&'a self, since: Option<Timestamp>, by: &'a str) -> Soon<'a, Handover> {
        Box::pin(async move { Ok(Desk::handover(self, since, by).await?) })
    }

    fn hand_over<'a>(&'a self, note: &'a str, by: &'a str) -> Soon<'a, ()> {
        Box::pin(async move {
            self.permit(by, Verb::HandOver).await?;
            Ok(Desk::hand_over(self, note, by).await?)
        })
    }

    fn settle_inbox<'a>(
        &'a self,
        which: Option<&'a [EvidenceId]>,
        by: &'a str,
        why: &'a str,
    ) -> Soon<'a, u64> {
        Box::pin(async move {
            self.permit(by, Verb::Inbox).await?;
            Ok(Desk::settle_inbox(self, which, by, why).await?)
        })
    }

    fn file_by_hand<'a>(
        &'a self,
        evidence: EvidenceId,
        line: &'a str,
        by: &'a str,
        why: &'a str,
    ) -> Soon<'a, ()> {
        Box::pin(async move {
            self.permit(by, Verb::Inbox).await?;
            Ok(Desk::file_by_hand(self, evidence, line, by, why).await?)
        })
    }

    fn merge<'a>(
        &'a self,
        from: CaseId,
        version: u64,
        into: CaseId,
        reason: &'a str,
        by: &'a str,
    ) -> Soon<'a, ()> {
        Box::pin(async move {
            self.permit(by, Verb::Merge).await?;
            Ok(Desk::merge(self, from, Some(version), into, reason, by).await?)
        })
    }

    fn split<'a>(&'a self, wish: &'a Splitting, by: &'a str) -> Soon<'a, ()> {
        Box::pin(async move {
            self.permit(by, Verb::Split).await?;
            let Splitting { from, version, chosen, line, reason } = wish;
            Ok(Desk::split(self, *from, Some(*version), chosen, line, reason, by).await?)
        })
    }

    fn front(&self) -> Soon<'_, Front> {
        Box::pin(async move { Ok(Desk::front(self).await?) })
    }

    fn case(&self, id: CaseId) -> Soon<'_, Option<CaseView>> {
        Box::pin(async move { Ok(Desk::case(self, id).await?) })
    }

    fn intake<'a>(&'a self, outcome: Option<&'a str>, page: usize) -> Soon<'a, Vec<IntakeView>> {
        Box::pin(async move { Ok(Desk::intake(self, outcome, page).await?) })
    }

    fn reporters(&self) -> Soon<'_, Vec<ReporterView>> {
        Box::pin(async move { Ok(Desk::reporters(self).await?) })
    }

    fn numbers(&self, from: Timestamp, to: Timestamp) -> Soon<'_, NumbersView> {
        Box::pin(async move { Ok(Desk::numbers(self, from, to).await?) })
    }

    fn gauges(&self) -> Soon<'_, Gauges> {
        Box::pin(async move { Ok(Desk::gauges(self).await?) })
    }

    fn evidence<'a>(&'a self, id: &'a EvidenceId) -> Soon<'a, Option<EvidenceView>> {
        Box::pin(async move { Ok(Desk::evidence(self, id).await?) })
    }

    fn evidence_bytes<'a>(&'a self, id: &'a EvidenceId) -> Soon<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(Desk::evidence_bytes(self, id).await?) })
    }

    fn why_case(&self, id: CaseId) -> Soon<'_, Option<Vec<WhyStep>>> {
        Box::pin(async move { Ok(Desk::why_case(self, id).await?) })
    }

    fn why_address(&self, address: IpAddr) -> Soon<'_, Vec<WhyStep>> {
        Box::pin(async move { Ok(Desk::why_address(self, address).await?) })
    }

    fn exposure(
        &self,
        scanner: IpAddr,
        net: IpNet,
        at: Timestamp,
        window: SignedDuration,
    ) -> Soon<'_, Exposure> {
        Box::pin(async move { Ok(Desk::exposure(self, scanner, net, at, window).await?) })
    }

    fn host_timeline(&self, address: IpAddr, since: Timestamp, until: Timestamp) -> Soon<'_, Timeline> {
        Box::pin(async move { Ok(Desk::host_timeline(self, address, since, until).await?) })
    }

    fn trapped(&self) -> Soon<'_, Option<TrapsView>> {
        Box::pin(async move { Ok(Desk::trapped(self)) })
    }

    fn firewalls(&self) -> Soon<'_, FirewallView> {
        Box::pin(async move { Ok(Desk::firewall_view(self).await?) })
    }

    fn firewall_file<'a>(&'a self, token: &'a str, dialect: Dialect) -> Soon<'a, Option<Configuration>> {
        Box::pin(async move { Ok(Desk::firewall_of_link(self, token, dialect).await?) })
    }

    fn mail_port(&self) -> Soon<'_, MailPortView> {
        Box::pin(async move { Ok(Desk::mail_port(self).await?) })
    }

    fn duty(&self) -> Soon<'_, DutyView> {
        Box::pin(async move { Ok(Desk::duty_view(self).await?) })
    }

    fn page(&self, id: PageId) -> Soon<'_, Option<(PageView, Vec<PageLogged>)>> {
        Box::pin(async move { Ok(Desk::page_view(self, id).await?) })
    }

    fn acknowledge<'a>(&'a self, id: PageId, by: &'a str) -> Soon<'a, Acknowledged> {
        Box::pin(async move {
            self.permit(by, Verb::AnswerPage).await?;
            Ok(Desk::acknowledge(self, id, by, Via::Web).await?)
        })
    }

    fn resolve_page<'a>(&'a self, id: PageId, by: &'a str, why: &'a str) -> Soon<'a, bool> {
        Box::pin(async move {
            self.permit(by, Verb::AnswerPage).await?;
            Ok(Desk::resolve_page(self, id, by, why).await?)
        })
    }

    fn ring_a_test<'a>(&'a self, by: &'a str) -> Soon<'a, PageId> {
        Box::pin(async move {
            self.permit(by, Verb::AnswerPage).await?;
            Ok(Desk::ring_a_test(self, by).await?)
        })
    }

    fn page_of_link<'a>(&'a self, id: PageId, ring: u32, mark: &'a str) -> Soon<'a, Option<(Page, String)>> {
        Box::pin(async move { Ok(Desk::page_of_link(self, id, ring, mark).await?) })
    }

    fn acknowledge_by_link<'a>(&'a self, id: PageId, ring: u32, mark: &'a str) -> Soon<'a, Acknowledged> {
        Box::pin(async move { Ok(Desk::acknowledge_by_link(self, id, ring, mark).await?) })
    }

    fn decide_mail<'a>(
        &'a self,
        subscriber: &'a SubscriberId,
        granted_for: Option<SignedDuration>,
        by: &'a str,
    ) -> Soon<'a, ()> {
        Box::pin(async move {
            self.permit(by, Verb::DecideMail).await?;
            Ok(Desk::decide_mail(self, subscriber, granted_for, by).await?)
        })
    }

    fn playbook(&self) -> Soon<'_, PlaybookView> {
        Box::pin(async move { Ok(Desk::playbook_view(self).await?) })
    }

    fn try_playbook<'a>(&'a self, text: &'a str, days: u32, by: &'a str) -> Soon<'a, TrialBegun> {
        Box::pin(async move {
            self.permit(by, Verb::TryPlaybook).await?;
            Ok(match Desk::begin_trial(self, text, days, by) {
                Ok(true) => TrialBegun::Yes,
                Ok(false) => TrialBegun::Busy,
                Err(mistakes) => TrialBegun::Wrong(mistakes),
            })
        })
    }

    fn make_playbook_live<'a>(&'a self, text: &'a str, by: &'a str, reason: &'a str) -> Soon<'a, ()> {
        Box::pin(async move {
            self.permit(by, Verb::ChangePlaybook).await?;
            Desk::make_playbook_live(self, text, by, reason).await.map_err(|error| match error {
                desk::NotLive::Desk(error) => error.into(),
                other => OfficeError::CannotSay(other.to_string()),
            })
        })
    }

    fn customer<'a>(&'a self, token: &'a str, opened: bool) -> Soon<'a, Option<CustomerView>> {
        Box::pin(async move { Ok(Desk::customer(self, token, opened).await?) })
    }

    fn customer_tests<'a>(&'a self, token: &'a str) -> Soon<'a, Option<GardenAnswer>> {
        Box::pin(async move { Ok(Desk::customer_tests(self, token).await?) })
    }

    fn customer_says<'a>(&'a self, token: &'a str, text: &'a str) -> Soon<'a, CustomerAnswer> {
        Box::pin(async move { Ok(Desk::customer_says(self, token, text).await?) })
    }

    fn now(&self) -> Timestamp {
        Desk::now(self)
    }

    fn act(&self, case: CaseId, command: Command, actor: Actor) -> Soon<'_, ()> {
        Box::pin(async move { Ok(self.act_asked(case, None, command, actor).await?) })
    }

    fn act_expecting(&self, case: CaseId, version: u64, command: Command, actor: Actor) -> Soon<'_, ()> {
        Box::pin(async move { Ok(self.act_asked(case, Some(version), command, actor).await?) })
    }

    fn log_in<'a>(&'a self, name: &'a str, password: &'a str, from: IpAddr) -> Soon<'a, NewSession> {
        Box::pin(async move { Ok(Desk::log_in(self, name, password, from).await?) })
    }

    fn session<'a>(&'a self, token: &'a str) -> Soon<'a, Option<Session>> {
        Box::pin(async move { Ok(Desk::session(self, token).await?) })
    }

    fn log_out<'a>(&'a self, token: &'a str) -> Soon<'a, ()> {
        Box::pin(async move { Ok(Desk::log_out(self, token).await?) })
    }
}
