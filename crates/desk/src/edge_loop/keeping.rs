//! Keeping one outlet equal to its part of the plan, for ever.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use case::{Actor, Command, Plan, Receipt};
use edge::{Again, Outlet, cap_hit, is_unverified};

use super::paging::{Alarms, Trouble};
use crate::desk::Desk;
use crate::night::chain;

/// How often an outlet is read when nothing changes: what was changed by hand is put right within this.
const REGULAR: Duration = Duration::from_secs(30);
/// How soon a failed round is tried again at first; each failure doubles it, up to [`REGULAR`].
const SOON: Duration = Duration::from_secs(1);

/// How the rounds at an outlet have gone of late.
#[derive(Debug, Default)]
struct Course {
    failed: u32,
}

impl Course {
    /// How long to wait for the next round, when no new plan comes first.
    fn pause(&mut self, went: Result<&Receipt, Again>) -> Duration {
        let is_done = went.is_ok_and(|receipt| !receipt.refused.iter().any(is_unverified));
        if is_done {
            self.failed = 0;
            return REGULAR;
        }
        self.failed = self.failed.saturating_add(1);
        match went {
            // What only an operator can mend waits for the next regular round.
            Err(Again::Never) => REGULAR,
            _ => SOON.saturating_mul(1 << self.failed.saturating_sub(1).min(5)).min(REGULAR),
        }
    }
}

impl Desk {
    /// Rounds at one outlet: for each new plan, regularly, and after a failure with growing pauses.
    pub(super) async fn keep_outlet(self, mut outlet: Outlet, mut planned: watch::Receiver<Option<Plan>>) {
        let name = outlet.name().to_owned();
        let (mut course, mut alarms) = (Course::default(), Alarms::new(&name));
        loop {
            let Some(plan) = planned.borrow_and_update().clone() else {
                if planned.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let began = Instant::now();
            let went = outlet.reconcile(&plan, self.now()).await;
            let pause = match &went {
                Ok(receipt) => {
                    self.note_receipt(&name, receipt, &plan, outlet.said()).await;
                    let trouble = Trouble::of_receipt(receipt, cap_hit(receipt));
                    self.page_of_trouble(&mut alarms, trouble, &plan).await;
                    course.pause(Ok(receipt))
                }
                Err(error) => {
                    let text = chain(error);
                    tracing::error!(outlet = %name, error = %text, "the edge could not be made equal to the plan");
                    let now = self.now();
                    self.edge_status().send_modify(|status| status.failed(&name, &text, now));
                    self.page_of_trouble(&mut alarms, Trouble::Failed(text, error.again()), &plan).await;
                    course.pause(Err(error.again()))
                }
            };
            // A new plan need not wait for the pause, but a failing peer is not asked more than once a second.
            if course.failed > 0 {
                sleep(SOON.saturating_sub(began.elapsed())).await;
            }
            let rest = pause.saturating_sub(began.elapsed());
            // Both ends of the wait mean the same: another round.
            drop(tokio::time::timeout(rest, planned.changed()).await);
        }
    }

    /// One round at one outlet for a night by hand: what fails is on the edge's status and in the next round.
    pub(super) async fn one_round_at(&self, outlet: &mut Outlet, plan: &Plan) {
        let name = outlet.name().to_owned();
        match outlet.reconcile(plan, self.now()).await {
            Ok(receipt) => self.note_receipt(&name, &receipt, plan, outlet.said()).await,
            Err(error) => {
                let (text, now) = (chain(&error), self.now());
                tracing::error!(outlet = %name, error = %text, "the edge could not be made equal to the plan");
                self.edge_status().send_modify(|status| status.failed(&name, &text, now));
            }
        }
    }

    async fn note_receipt(&self, name: &str, receipt: &Receipt, plan: &Plan, said: &[String]) {
        for told in &receipt.by_hand {
            tracing::warn!(outlet = %name, "by another hand: {told}");
        }
        let is_known = {
            let status = self.edge_status();
            status.send_modify(|status| status.read(name, receipt, plan, said));
            status.borrow().is_all_known()
        };
        // Right after a start one outlet may not have been looked at yet; what it holds is not lost.
        if !is_known {
            return;
        }
        let (in_force, refused) = {
            let status = self.edge_status().borrow();
            (status.in_force.clone(), status.refused())
        };
        for case in self.cases_with_blocks().await {
            let command = Command::EdgeRead { in_force: in_force.clone(), refused: refused.clone() };
            if let Err(error) = self.act(case, command, Actor::Desk).await {
                tracing::warn!(%case, error = %chain(&error), "what the edge showed could not be recorded yet");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Again, Course, Duration, REGULAR, SOON};

    #[test]
    fn a_failing_outlet_is_asked_less_and_less_often_up_to_the_regular_round() {
        let mut course = Course::default();
        let pauses: Vec<Duration> = (0..7).map(|_| course.pause(Err(Again::Later))).collect();
        let doubled: Vec<Duration> = [1, 2, 4, 8, 16, 30, 30].map(|times| SOON * times).to_vec();
        assert_eq!(pauses, doubled);
        assert_eq!(Course::default().pause(Err(Again::Never)), REGULAR);
    }
}
