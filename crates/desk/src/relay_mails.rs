//! Mails of relay tests under way, written down: a mail server may hold one for hours, and a restart in between must not
//! make a relay of it that was never seen.

use probe::{MailsChanged, Prober, WaitingMail};
use store::RelayMail;

use crate::desk::Desk;
use crate::night::chain;

impl Desk {
    /// Takes up the mails of an earlier life.
    pub(crate) async fn take_up_relay_mails(&self, prober: &Prober) {
        match self.store().relay_mails(self.now()).await {
            Ok(mails) => prober.take_up_mails(mails.into_iter().filter_map(taken_up).collect()),
            Err(error) => {
                tracing::error!(error = %chain(&error), "mails of relay tests of an earlier life are not waited for");
            }
        }
    }

    /// Writes down what has changed among those under way. What could not be written is logged, and lost only to a restart.
    pub(crate) async fn keep_relay_mails(&self, prober: &Prober) {
        let MailsChanged { kept, over } = prober.mails_changed();
        if kept.is_empty() && over.is_empty() {
            return;
        }
        let kept: Vec<RelayMail> = kept.into_iter().map(written_down).collect();
        let over: Vec<String> = over.iter().map(hex::encode).collect();
        if let Err(error) = self.store().keep_relay_mails(&kept, &over).await {
            tracing::error!(error = %chain(&error), mails = kept.len(), "mails of relay tests could not be written down");
        }
    }
}

fn written_down(mail: WaitingMail) -> RelayMail {
    let WaitingMail { nonce, target, form, expires, taken, landed, bounced } = mail;
    RelayMail { nonce: hex::encode(nonce), target, form, expires, taken, landed, bounced }
}

fn taken_up(mail: RelayMail) -> Option<WaitingMail> {
    let RelayMail { nonce, target, form, expires, taken, landed, bounced } = mail;
    let nonce = hex::decode(nonce).ok()?.try_into().ok()?;
    Some(WaitingMail { nonce, target, form, expires, taken, landed, bounced })
}
