//! Where no lease says whose an address was: the provider's customer system is asked.

use jiff::{SignedDuration, Timestamp};

use case::Home;
use lease::{Attribution, Lease, LeaseSource, Whose};
use lookup::Customers;

/// Asks for both ends of the time in question, so that a change of hands within it shows as two names. `None` when the
/// system knows nobody, or did not answer.
pub(crate) async fn ask(customers: &Customers, home: &Home, whose: &Whose) -> Option<Attribution> {
    let by = whose.uncertainty.max(SignedDuration::ZERO);
    let [first, last] =
        [whose.at.saturating_sub(by), whose.at.saturating_add(by)].map(|end| end.unwrap_or(whose.at));
    // Each answer stands for its half of that time, and the end itself belongs to it.
    let beyond = last.saturating_add(SignedDuration::from_secs(1)).unwrap_or(last);
    let mut leases = Vec::new();
    for (asked_for, from, to) in [(first, first, whose.at), (last, whose.at, beyond)] {
        // In whole seconds: fractions say more than anybody's clock knows.
        let second = Timestamp::from_second(asked_for.as_second()).unwrap_or(asked_for);
        let answer = customers.whose(whose.address, whose.port, &second.to_string()).await;
        let customer =
            answer.inspect_err(|error| tracing::warn!(%error, "an address stays nobody's")).ok()?;
        let Some(subscriber) = customer.and_then(|customer| customer.subscriber.parse().ok()) else {
            continue;
        };
        leases.push(Lease {
            net: whose.address.to_canonical().into(),
            ports: None,
            from,
            to: Some(to),
            subscriber,
            source: LeaseSource::CustomerSystem,
            record: format!("the customer system, asked for {second}"),
        });
    }
    (!leases.is_empty()).then(|| lease::attribute(home, &leases, whose))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::mpsc;

    use super::*;

    /// A customer system: each question's path goes to the test, and `answer` says who it is by the time asked for.
    fn system(answer: fn(&str) -> Option<&'static str>) -> (Customers, mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!(
            "http://{}/whose?ip={{address}}&port={{port}}&at={{time}}",
            listener.local_addr().expect("its address")
        );
        let (asked, questions) = mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a client");
                let mut lines = BufReader::new(stream.try_clone().expect("a copy")).lines();
                let first = lines.next().expect("a request").expect("in UTF-8");
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let path = first.split(' ').nth(1).expect("a path").replace("%3A", ":");
                let said = match answer(&path) {
                    Some(body) => format!(
                        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                        body.len()
                    ),
                    None => {
                        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned()
                    }
                };
                stream.write_all(said.as_bytes()).expect("answered");
                if asked.send(path).is_err() {
                    return;
                }
            }
        });
        (Customers::new(&url).expect("a URL"), questions)
    }

    fn question(port: Option<u16>) -> Whose {
        Whose {
            address: "203.0.113.7".parse().expect("an address"),
            port,
            at: "2026-11-20T10:00:00Z".parse().expect("a time"),
            uncertainty: SignedDuration::from_secs(35),
        }
    }

    async fn answer(customers: &Customers, port: Option<u16>) -> Option<Attribution> {
        let home = Home::new(["203.0.113.0/24".parse().expect("a prefix")]).expect("a home");
        ask(customers, &home, &question(port)).await
    }

    #[tokio::test]
    async fn who_held_it_at_both_ends_of_the_uncertain_time_is_the_one() {
        let (customers, questions) = system(|_| Some(r#"{"subscriber":"line-7"}"#));
        let found = answer(&customers, Some(5055)).await;
        let Some(Attribution::One { subscriber, lease, reason, .. }) = found else { panic!("{found:?}") };
        assert_eq!((subscriber.as_str(), lease.source), ("line-7", LeaseSource::CustomerSystem));
        assert!(reason.contains("the customer system"), "{reason}");
        let asked: Vec<_> = questions.try_iter().collect();
        let wanted = ["2026-11-20T09:59:25Z", "2026-11-20T10:00:35Z"];
        assert_eq!(asked, wanted.map(|at| format!("/whose?ip=203.0.113.7&port=5055&at={at}")));
    }

    #[tokio::test]
    async fn a_change_of_hands_within_it_is_two_names_and_nobody_is_the_one() {
        let (customers, _questions) = system(|path| {
            let first = path.contains("09:59:25");
            Some(if first { r#"{"subscriber":"line-7"}"# } else { r#"{"subscriber":"line-8"}"# })
        });
        let found = answer(&customers, None).await;
        let Some(Attribution::Several { candidates, .. }) = found else { panic!("{found:?}") };
        assert_eq!(candidates.iter().map(|one| one.as_str()).collect::<Vec<_>>(), ["line-7", "line-8"]);
        // Known at one end alone: it could have been that one or nobody.
        let (customers, _questions) =
            system(|path| path.contains("10:00:35").then_some(r#"{"subscriber":"line-8"}"#));
        let found = answer(&customers, None).await;
        assert!(matches!(found, Some(Attribution::Several { .. })), "{found:?}");
    }

    #[tokio::test]
    async fn a_system_that_knows_nobody_or_makes_no_sense_or_is_down_names_nobody() {
        let (nobody, _questions) = system(|_| None);
        assert_eq!(answer(&nobody, None).await, None);
        let (nonsense, questions) = system(|_| Some(r#"{"customer":"line-7"}"#));
        assert_eq!(answer(&nonsense, None).await, None);
        assert_eq!(answer(&nonsense, None).await, None);
        assert_eq!(questions.try_iter().count(), 1, "after a failure it is left alone");
        let down = Customers::new("http://127.0.0.1:9/{address}/{time}").expect("a URL");
        assert_eq!(answer(&down, None).await, None);
    }
}
