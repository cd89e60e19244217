//! How wide each outlet strikes, and which of several gets a rule: the narrowest that can hold it.

use case::{Measure, Plan, Refused, Rule, RuleKey};
use ipnet::IpNet;

/// How much of a line an outlet touches, narrowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The one port the rule names.
    Port,
    /// The line as a whole.
    Line,
    /// No packet: it tells others (a DNSBL), answers questions (a policy zone), or writes for hands to carry out. A rule
    /// that stands in nothing else is not in force.
    Word,
}

/// What one outlet can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// How wide it strikes.
    pub reach: Reach,
    /// Whether it changes anything, or says what it would.
    pub live: bool,
    /// The prefixes it serves; empty: all of home.
    pub only: Vec<IpNet>,
    /// Whether it can lead a line into the walled garden.
    pub gardens: bool,
}

impl Scope {
    /// Whether what it holds stops traffic.
    #[must_use]
    pub fn stops_traffic(&self) -> bool {
        self.live && self.reach != Reach::Word
    }

    fn serves(&self, key: &RuleKey) -> bool {
        let can = self.gardens || key.measure != Measure::Garden;
        can && (self.only.is_empty() || self.only.iter().any(|net| net.contains(&key.address)))
    }
}

/// Each outlet's part of the plan, in the order of `scopes`. A rule goes to every outlet of the narrowest reach that has a
/// live one for its address; what only tells others, and what is not live but as narrow, hears of it too.
#[must_use]
pub fn share(plan: &Plan, scopes: &[Scope]) -> Vec<Plan> {
    let mut parts: Vec<Vec<Rule>> = scopes.iter().map(|_| Vec::new()).collect();
    for rule in plan.rules() {
        let serving = || scopes.iter().filter(|scope| scope.serves(&rule.key));
        let narrowest = serving().filter(|scope| scope.stops_traffic()).map(|scope| scope.reach).min();
        for (scope, part) in scopes.iter().zip(&mut parts) {
            let is_narrow_enough = narrowest.is_none_or(|narrowest| scope.reach <= narrowest);
            if scope.serves(&rule.key) && (scope.reach == Reach::Word || is_narrow_enough) {
                part.push(*rule);
            }
        }
    }
    parts.into_iter().map(Plan::new).collect()
}

/// What of the plan no outlet can hold, live or on trial: nothing would ever come of it, and nobody be told.
#[must_use]
pub fn unserved(plan: &Plan, scopes: &[Scope]) -> Vec<Refused> {
    let homeless = |rule: &&Rule| !scopes.iter().any(|scope| scope.serves(&rule.key));
    let refused = |rule: &Rule| Refused {
        key: rule.key,
        reason: match rule.key.measure {
            Measure::Garden => {
                "no outlet leads this line into the walled garden: set garden.lead_to with the packet \
                                filter, or have an access server or a response policy zone serve it"
            }
            _ => "no outlet serves this line: see the prefixes of each outlet",
        }
        .to_owned(),
    };
    plan.rules().iter().filter(homeless).map(refused).collect()
}

#[cfg(test)]
mod tests {
    use case::{CaseId, Measure, Plan, Rule, RuleKey, Transport};
    use jiff::Timestamp;

    use super::{Reach, Scope, share, unserved};

    fn scope(name: &str, reach: Reach, live: bool, only: &[&str]) -> Scope {
        let only = only.iter().map(|net| net.parse().unwrap()).collect();
        Scope { name: name.to_owned(), reach, live, only, gardens: false }
    }

    fn plan(addresses: &[&str]) -> Plan {
        let rule = |address: &&str| Rule {
            key: RuleKey {
                address: address.parse().unwrap(),
                measure: Measure::Out { protocol: Transport::Tcp, port: 25 },
            },
            case: CaseId(1),
            until: Timestamp::UNIX_EPOCH,
        };
        Plan::new(addresses.iter().map(rule).collect())
    }

    /// A route to nowhere is no garden, however narrow what leads there is.
    #[test]
    fn a_line_is_led_into_the_garden_by_what_can_lead_there_and_nothing_else() {
        let until = Timestamp::UNIX_EPOCH;
        let key = RuleKey { address: "203.0.113.66".parse().unwrap(), measure: Measure::Garden };
        let plan = Plan::new(vec![Rule { key, case: CaseId(1), until }]);
        let rtbh = scope("rtbh", Reach::Line, true, &[]);
        let bng = Scope { gardens: true, ..scope("bng", Reach::Line, true, &["203.0.113.0/24"]) };
        let parts = |scopes: &[Scope]| share(&plan, scopes).iter().map(|part| part.rules().len()).collect();
        let led: Vec<usize> = parts(&[rtbh.clone(), bng.clone()]);
        assert_eq!(led, [0, 1]);
        assert!(unserved(&plan, &[rtbh.clone(), bng]).is_empty());
        let refused = unserved(&plan, &[rtbh]);
        assert!(matches!(refused.as_slice(), [one] if one.reason.contains("walled garden")), "{refused:?}");
    }

    fn shared(scopes: &[Scope], addresses: &[&str]) -> Vec<usize> {
        share(&plan(addresses), scopes).iter().map(|part| part.rules().len()).collect()
    }

    #[test]
    fn a_line_is_cut_off_only_where_nothing_narrower_reaches_it() {
        let scopes = [
            scope("flowspec", Reach::Port, true, &["203.0.113.0/24"]),
            scope("rtbh", Reach::Line, true, &[]),
            scope("bl", Reach::Word, true, &[]),
        ];
        assert_eq!(shared(&scopes, &["203.0.113.66"]), [1, 0, 1]);
        assert_eq!(shared(&scopes, &["198.51.100.66"]), [0, 1, 1]);
    }

    #[test]
    fn an_outlet_on_trial_takes_nothing_away_from_those_at_work() {
        let scopes = [scope("flowspec", Reach::Port, false, &[]), scope("rtbh", Reach::Line, true, &[])];
        assert_eq!(shared(&scopes, &["203.0.113.66"]), [1, 1]);
        let all_on_trial =
            [scope("flowspec", Reach::Port, false, &[]), scope("rtbh", Reach::Line, false, &[])];
        assert_eq!(shared(&all_on_trial, &["203.0.113.66"]), [1, 1]);
    }
}
