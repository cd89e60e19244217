//! The checks themselves, one after the other, by `mail-auth`.

use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    ArcOutput, DkimOutput, DkimResult, DmarcResult, MessageAuthenticator, Parameters, SpfOutput, SpfResult,
};

use crate::authentication::Authentication;
use crate::authenticator::Handed;
use crate::domain::{aligned, plain};
use crate::front::Front;
use crate::results::sealed_results_pass;

/// Our own name in an SPF macro `%{r}` (RFC 7208 section 7.3), which no record we know of uses.
const RECEIVER: &str = "unknown";

/// What is needed to check one mail.
pub(crate) struct Checks<'a> {
    pub(crate) checker: &'a MessageAuthenticator,
    pub(crate) sealers: &'a [String],
    pub(crate) handed: Handed<'a>,
}

impl Checks<'_> {
    /// DKIM, SPF and DMARC, and ARC where those show nothing.
    pub(crate) async fn run(&self, front: &Front<'_>) -> Authentication {
        let dkim = self.checker.verify_dkim(&front.message).await;
        let spf = self.spf().await;
        let mut shown = Authentication {
            spf: passed_spf(&spf),
            dkim: dkim.iter().filter_map(|output| passed_dkim(output, front)).collect(),
            ..Authentication::none("")
        };
        shown.dkim.sort();
        shown.dkim.dedup();
        shown.dns_failed = dns_failed(&dkim, &spf);
        let by_dkim = shown.dkim.iter().any(|domain| aligned(domain, &front.author));
        let by_spf = shown.spf.as_deref().is_some_and(|domain| aligned(domain, &front.author));
        // A domain's own policy may ask for more than relaxed alignment; it can only take away.
        let refused = (by_dkim || by_spf) && self.dmarc(front, &dkim, &spf, &mut shown).await;
        if (by_dkim || by_spf) && !refused {
            shown.aligned_domain = Some(front.author.clone());
        } else if !refused && !self.sealers.is_empty() {
            self.arc(front, &mut shown).await;
        }
        shown.why = in_words(&shown, front, &dkim, &spf, (by_dkim, by_spf));
        shown
    }

    async fn spf(&self) -> SpfOutput {
        let Some(peer) = self.handed.peer.map(|peer| peer.to_canonical()) else {
            return SpfOutput::new(String::new()).with_result(SpfResult::None);
        };
        let helo = plain(self.handed.helo.unwrap_or_default());
        let sender = self.handed.mail_from.unwrap_or_default();
        let parameters = match sender.rsplit_once('@') {
            Some(_) => SpfParameters::verify_mail_from(peer, &helo, RECEIVER, sender),
            None => SpfParameters::verify_ehlo(peer, &helo, RECEIVER),
        };
        self.checker.verify_spf(Parameters::new(parameters)).await
    }

    /// Whether the author's domain publishes a policy that this mail fails.
    async fn dmarc(
        &self,
        front: &Front<'_>,
        dkim: &[DkimOutput<'_>],
        spf: &SpfOutput,
        shown: &mut Authentication,
    ) -> bool {
        let parameters = DmarcParameters {
            message: &front.message,
            dkim_output: dkim,
            dkim2_output: None,
            rfc5321_mail_from_domain: spf.domain(),
            spf_output: spf,
        };
        let output = self.checker.verify_dmarc(Parameters::new(parameters)).await;
        let passed = [output.dkim_result(), output.spf_result()].contains(&&DmarcResult::Pass);
        if output.dmarc_record().is_none() && !passed {
            return false;
        }
        shown.dmarc = if passed { "pass" } else { "fail" }.to_owned();
        !passed
    }

    /// The outermost seal is a named sealer's, the chain holds, and what it saw was a pass for the author.
    async fn arc(&self, front: &Front<'_>, shown: &mut Authentication) {
        let outermost = front.message.as_headers.last().map(|seal| plain(&seal.header.d));
        let Some(sealer) = outermost.filter(|sealer| self.sealers.contains(sealer)) else { return };
        let output: ArcOutput<'_> = self.checker.verify_arc(&front.message).await;
        let Some(set) = output.sets().last().filter(|_| *output.result() == DkimResult::Pass) else { return };
        let signature = &set.signature.header;
        let same = plain(&signature.d) == sealer && plain(&set.seal.header.d) == sealer;
        if !same || !covers(&signature.h, front) {
            return;
        }
        if sealed_results_pass(&String::from_utf8_lossy(set.results.value), &front.author) {
            shown.arc = Some(sealer);
            shown.aligned_domain = Some(front.author.clone());
        }
    }
}

/// Whether a signature covers what a report says of itself: who sends it, and the subject where there is one.
fn covers(signed: &[String], front: &Front<'_>) -> bool {
    let has = |name: &str| signed.iter().any(|field| field.eq_ignore_ascii_case(name));
    has("from") && (has("subject") || !front.has_subject)
}

fn passed_dkim(output: &DkimOutput<'_>, front: &Front<'_>) -> Option<String> {
    let signature = output.signature().filter(|_| *output.result() == DkimResult::Pass)?;
    covers(&signature.h, front).then(|| plain(&signature.d))
}

fn passed_spf(output: &SpfOutput) -> Option<String> {
    (output.result() == SpfResult::Pass).then(|| plain(output.domain())).filter(|domain| !domain.is_empty())
}

fn dns_failed(dkim: &[DkimOutput<'_>], spf: &SpfOutput) -> bool {
    spf.result() == SpfResult::TempError
        || dkim.iter().any(|output| matches!(output.result(), DkimResult::TempError(_)))
}

fn in_words(
    shown: &Authentication,
    front: &Front<'_>,
    dkim: &[DkimOutput<'_>],
    spf: &SpfOutput,
    (by_dkim, by_spf): (bool, bool),
) -> String {
    let author = &front.author;
    if let Some(sealer) = &shown.arc {
        return format!("{author} was seen to pass by {sealer}, which sealed it (ARC)");
    }
    let mut ways = Vec::new();
    if by_dkim {
        ways.push(format!("DKIM of {}", shown.dkim.join(", ")));
    }
    if by_spf {
        ways.push(format!("SPF of {}", shown.spf.clone().unwrap_or_default()));
    }
    if shown.aligned_domain.is_some() {
        let policy = if shown.dmarc == "pass" { ", as its DMARC policy asks" } else { "" };
        return format!("{author} by {}{policy}", ways.join(" and "));
    }
    if !ways.is_empty() {
        return format!("not {author}: {} is not enough for its DMARC policy", ways.join(" and "));
    }
    let signed = match dkim {
        [] => "no DKIM signature".to_owned(),
        _ if !shown.dkim.is_empty() => format!("DKIM of {}", shown.dkim.join(", ")),
        [one, ..] => format!("DKIM {}", one.result()),
    };
    let dns = if shown.dns_failed { "; DNS did not answer every question" } else { "" };
    format!("nothing shows it to be from {author}: {signed}, SPF {}{dns}", spf.result())
}
