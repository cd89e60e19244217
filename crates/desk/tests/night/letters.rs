//! Letters as they leave the house: to whom, how they look, how many, and what comes of answers to them.

use case::{Actor, Case, Command, Event};
use desk::{ContactTable, RegistryContacts, TrustedResults};
use jiff::SignedDuration;
use mail_parser::MessageParser;

use crate::house::{House, Night, until};
use crate::post::{Letter, Post};

/// A house with a mail relay, whose border server vouches for senders. No line of it is ever asked.
async fn house(post: &Post) -> House {
    let mut house = House::of(&["203.0.113.0/24"], &["203.0.113.0/24"]).await;
    house.relay = Some(post.port);
    house.trusted_results = TrustedResults {
        authserv_id: Some("mx.example.net".to_owned()),
        relays: vec!["127.0.0.0/8".parse().expect("a prefix")],
    };
    house.answers.own = vec!["abuse@example.net".to_owned()];
    house
}

/// A person's complaint about `address`, with what the border server found and further headers.
fn complaint(who: &str, address: &str, passes: bool, headers: &str, night: &Night) -> String {
    let domain = who.rsplit('@').next().unwrap_or_default();
    let result = if passes { "pass" } else { "fail" };
    let date = night.desk.now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    format!(
        "Authentication-Results: mx.example.net; dkim={result} header.d={domain}\n\
         From: {who}\nTo: abuse@example.net\nDate: {date}\nMessage-ID: <{}.{who}>\n{headers}\
         Subject: Spam from {address}: call me\n\n\
         We got spam from {address} at {date}. My words, which nobody forwards.\n",
        address.replace('.', "-")
    )
}

async fn told(house: &House, subscriber: &str) -> Case {
    until("word of a letter", async || house.case_of(subscriber).await.filter(|case| !case.told().is_empty()))
        .await
}

async fn noted(house: &House, subscriber: &str, what: &str) -> String {
    let note = async || {
        let case = house.case_of(subscriber).await?;
        case.notes().iter().find(|note| note.text.contains(what)).map(|note| note.text.clone())
    };
    until(&format!("a note that says {what:?}"), note).await
}

fn one(letters: Vec<Letter>) -> Letter {
    let mut letters = letters.into_iter();
    let letter = letters.next().expect("a letter");
    assert!(letters.next().is_none(), "there is one letter only");
    letter
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_who_is_one_gets_one_letter_that_no_machine_answers() {
    let post = Post::open().await;
    let house = house(&post).await;
    house.leased("203.0.113.101", "line-101").await;
    let night = house.open().await;
    let anna = "anna@reporter.example";
    night.mail("m1", &complaint("mallory@forged.example", "203.0.113.101", false, "", &night)).await;
    night
        .mail("m2", &complaint(anna, "203.0.113.101", true, "Reply-To: victim@elsewhere.example\n", &night))
        .await;
    // A number of its own: the same one by two ways would be one report.
    let again = complaint(anna, "203.0.113.101", true, "", &night).replace("-ID: <", "-ID: <again-");
    night.mail("m3", &again).await;
    told(&house, "line-101").await;
    until("three reports on the case", async || {
        house.case_of("line-101").await.filter(|case| case.sightings().len() >= 3)
    })
    .await;
    let letter = one(post.to("@"));
    assert!(letter.to.contains("<anna@reporter.example>"), "{}", letter.to);
    assert!(letter.from.contains("<>"), "an answer comes from the null sender: {}", letter.from);
    let header = |name: &str| letter.header(name).unwrap_or_default();
    assert_eq!(header("Auto-Submitted"), "auto-replied");
    assert_eq!(header("X-Nightdesk-Loop"), "abuse@example.net");
    assert_eq!(header("In-Reply-To"), "<203-0-113-101.anna@reporter.example>");
    assert_eq!(header("References"), header("In-Reply-To"));
    assert!(header("Message-ID").starts_with("<nd-"), "{}", header("Message-ID"));
    for theirs in ["call me", "nobody forwards", "line-101"] {
        assert!(!letter.data.contains(theirs), "{theirs}: {}", letter.data);
    }
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_machine_or_list_or_nobody_wrote_makes_a_case_and_no_letter() {
    let post = Post::open().await;
    let house = house(&post).await;
    house.leased("203.0.113.102", "line-102").await;
    let night = house.open().await;
    for (number, (who, headers)) in [
        ("bot@reporter.example", "Auto-Submitted: auto-generated\n"),
        ("list@reporter.example", "Precedence: list\n"),
        ("desk@reporter.example", "X-Nightdesk-Loop: desk@reporter.example\n"),
        ("noreply@reporter.example", ""),
        ("abuse@example.net", ""),
    ]
    .into_iter()
    .enumerate()
    {
        night.mail(&format!("m{number}"), &complaint(who, "203.0.113.102", true, headers, &night)).await;
    }
    let refused = |case: &Case| case.notes().iter().filter(|note| note.text.contains("not answered")).count();
    let seen = async || house.case_of("line-102").await.map(|case| refused(&case));
    until("a refusal for each", async || seen().await.filter(|count| *count == 5)).await;
    assert!(post.to("@").is_empty(), "{:?}", post.to("@"));
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_gets_so_many_letters_an_hour_and_no_more_also_after_a_restart() {
    let post = Post::open().await;
    let mut house = house(&post).await;
    house.answers.per_address_hourly = 2;
    for line in 1..=4 {
        house.leased(&format!("203.0.113.{line}"), &format!("line-1-{line}")).await;
    }
    let anna = "anna@reporter.example";
    let report = async |night: &Night, line: u32| {
        night
            .mail(&format!("r{line}"), &complaint(anna, &format!("203.0.113.{line}"), true, "", night))
            .await;
    };
    let night = house.open().await;
    report(&night, 1).await;
    told(&house, "line-1-1").await;
    report(&night, 2).await;
    told(&house, "line-1-2").await;
    night.end().await;
    let night = house.open().await;
    report(&night, 3).await;
    noted(&house, "line-1-3", "that is the most").await;
    house.clock.advance(SignedDuration::from_mins(61));
    report(&night, 4).await;
    told(&house, "line-1-4").await;
    assert_eq!(post.to("anna@").len(), 3);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_our_letter_is_noted_and_never_answered() {
    let post = Post::open().await;
    let house = house(&post).await;
    house.leased("203.0.113.103", "line-103").await;
    house.leased("203.0.113.104", "line-104").await;
    let night = house.open().await;
    let anna = "anna@reporter.example";
    night.mail("m1", &complaint(anna, "203.0.113.103", true, "", &night)).await;
    told(&house, "line-103").await;
    let ours = one(post.to("anna@")).header("Message-ID").expect("an id");

    // A machine's answer quotes an address of ours: it alleges nothing.
    let answers = format!("In-Reply-To: {ours}\nPrecedence: bulk\n");
    night.mail("m2", &complaint("bot@reporter.example", "203.0.113.104", true, &answers, &night)).await;
    noted(&house, "line-103", "an automatic answer to a letter of ours").await;
    assert!(house.case_of("line-104").await.is_none(), "what a machine quotes makes no case");

    // A person's answer with new evidence is noted, and read.
    let answers = format!("References: <x@reporter.example> {ours}\n");
    night.mail("m3", &complaint("ben@reporter.example", "203.0.113.104", true, &answers, &night)).await;
    noted(&house, "line-103", "an answer to a letter of ours").await;
    let case = until("a case", async || house.case_of("line-104").await).await;
    let records = house.store.records(case.id()).await.expect("records");
    let thanks = |record: &case::Record| matches!(record.event, Event::AcknowledgementOrdered { .. });
    assert!(!records.iter().any(thanks), "an answer is not answered");
    assert_eq!(post.to("@").len(), 1);

    // Our own letter comes back.
    let back = format!("X-Nightdesk-Loop: abuse@example.net\nX-Was: {ours}\n");
    night.mail("m4", &complaint("abuse@example.net", "203.0.113.104", true, &back, &night)).await;
    until("the letter that came back is in the intake", async || {
        let rows = night.desk.intake(Some("not-a-report"), 1).await.expect("the intake");
        rows.into_iter().find(|row| row.note.contains("came back"))
    })
    .await;
    assert_eq!(post.to("@").len(), 1);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_who_answers_our_notice_accuses_nobody() {
    let post = Post::open().await;
    let house = house(&post).await;
    house.leased("203.0.113.108", "line-108").await;
    let contact = ("line-108".parse().expect("a subscriber"), "erna@home.example".to_owned());
    house.store.import_leases(&[], &[contact]).await.expect("a contact");
    let night = house.open().await;
    night.mail("m1", &complaint("anna@reporter.example", "203.0.113.108", false, "", &night)).await;
    let case = until("a case", async || house.case_of("line-108").await).await;
    let confirm = Command::Confirm { reason: "seen by me".to_owned() };
    night.desk.act(case.id(), confirm, Actor::Operator("erika".to_owned())).await.expect("confirmed");
    told(&house, "line-108").await;
    let notice = one(post.to("erna@"));
    let ours = notice.header("Message-ID").expect("an id");
    let answers = format!("In-Reply-To: {ours}\n");
    night.mail("m2", &complaint("erna@home.example", "203.0.113.108", true, &answers, &night)).await;
    noted(&house, "line-108", "an answer to a letter of ours").await;
    let case = house.case_of("line-108").await.expect("the case");
    assert_eq!(case.sightings().len(), 1, "what she quotes is no new report");
    assert_eq!(post.to("@").len(), 1);
    night.end().await;
}

/// A firewall's lines: a scanner of ours or of others, for a line of ours.
fn scan(who: &str, scanner: &str, passes: bool, night: &Night) -> String {
    let result = if passes { "pass" } else { "fail" };
    let domain = who.rsplit('@').next().unwrap_or_default();
    let now = night.desk.now();
    let (date, at) = (now.strftime("%a, %d %b %Y %H:%M:%S +0000"), now.strftime("%b %e %H:%M:%S"));
    format!(
        "Authentication-Results: mx.example.net; dkim={result} header.d={domain}\n\
         From: {who}\nTo: abuse@example.net\nDate: {date}\nMessage-ID: <{scanner}.{who}>\nX-Secret: header\n\
         Subject: Port scan from {scanner}\n\n\
         Somebody scans us for SubSeven. All times are UTC.\n\n\
         {at} fw kernel: DROP IN=eth0 OUT= MAC=00 SRC={scanner} DST=203.0.113.105 LEN=48 TTL=113 ID=1 PROTO=TCP SPT=1812 DPT=27374 WINDOW=8192 SYN\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_outside_is_told_to_its_own_desk_once_a_day_and_nothing_else_is() {
    let post = Post::open().await;
    let mut house = house(&post).await;
    house.answers.xarf_out = true;
    let contacts = ContactTable::new(vec![(
        "198.51.100.0/24".parse().expect("a prefix"),
        "abuse@scanners.example".parse().expect("an address"),
    )]);
    house.answers.contacts = std::sync::Arc::new(contacts);
    house.leased("203.0.113.105", "line-105").await;
    let night = house.open().await;
    let paul = "paul@customers.example";
    night.mail("s1", &scan("mallory@forged.example", "198.51.100.66", false, &night)).await;
    night.mail("s2", &scan(paul, "198.51.100.9", true, &night)).await;
    night.mail("s3", &scan("eva@customers.example", "198.51.100.9", true, &night)).await;
    night.mail("s4", &scan(paul, "192.0.2.9", true, &night)).await;
    night.mail("s5", &scan(paul, "198.51.100.10", true, &night)).await;
    until("two letters", async || Some(()).filter(|()| post.to("@").len() >= 2)).await;
    until("every errand is done", async || {
        let due = house.store.next_errand_due().await.expect("the outbox");
        due.is_none().then_some(())
    })
    .await;
    let letters = post.to("abuse@scanners.example");
    assert_eq!((letters.len(), post.to("@").len()), (2, 2), "one for each scanner somebody answers for");
    let letter =
        letters.iter().find(|letter| letter.data.contains("198.51.100.9")).expect("the first scanner");
    assert!(letter.from.contains("<abuse@example.net>"), "{}", letter.from);
    assert_eq!(letter.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(letter.data.contains("xarf.json") && letter.data.contains("multipart/mixed"), "{}", letter.data);
    let message = MessageParser::new().parse(letter.data.as_bytes()).expect("a message");
    let json = message.attachment(0).expect("the document").contents();
    let xarf: serde_json::Value = serde_json::from_slice(json).expect("whole JSON");
    assert_eq!(
        (&xarf["source_identifier"], &xarf["type"], &xarf["destination_port"]),
        (&"198.51.100.9".into(), &"port_scan".into(), &27374.into())
    );
    assert_eq!(xarf["reporter"]["contact"], "abuse@example.net");
    for secret in ["line-105", "203.0.113.105", "paul", "X-Secret", "SubSeven", "customers.example"] {
        assert!(letters.iter().all(|letter| !letter.data.contains(secret)), "{secret}: {}", letter.data);
    }
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanner_at_the_traps_is_told_to_its_own_desk_where_that_is_chosen() {
    let post = Post::open().await;
    let mut house = house(&post).await;
    house.answers.xarf_traps = true;
    let contacts = ContactTable::new(vec![(
        "198.51.100.0/24".parse().expect("a prefix"),
        "abuse@scanners.example".parse().expect("an address"),
    )]);
    house.answers.contacts = std::sync::Arc::new(contacts);
    house.leased("203.0.113.105", "line-105").await;
    let night = house.open().await;
    let visit = |source: &str, said: bool| desk::TrapHit {
        at: night.desk.now() - SignedDuration::from_mins(5),
        source: source.parse().expect("an address"),
        trap: "203.0.113.241".parse().expect("an address"),
        port: 1080,
        transport: "tcp",
        handshake: true,
        wanted: if said { "socks5" } else { "silence" },
        family: if said { "proxy" } else { "other" },
        said,
        first: Vec::new(),
        line: "{}".to_owned(),
    };
    let (told, hits) = tokio::sync::mpsc::channel(8);
    // A scanner, twice; a wrong number; a line of ours, which gets a case and no letter.
    for hit in [
        visit("198.51.100.9", true),
        visit("198.51.100.9", true),
        visit("198.51.100.10", false),
        visit("203.0.113.105", true),
    ] {
        told.send(hit).await.expect("a visit");
    }
    drop(told);
    let (_stop, stops) = tokio::sync::watch::channel(false);
    night.desk.keep_traps(hits, stops).await;
    until("a letter", async || (!post.to("@").is_empty()).then_some(())).await;
    until("the line's case", async || house.case_of("line-105").await).await;
    until("every errand is done", async || {
        let due = house.store.next_errand_due().await.expect("the outbox");
        due.is_none_or(|due| due > night.desk.now()).then_some(())
    })
    .await;
    let letter = one(post.to("@"));
    assert!(letter.data.contains("198.51.100.9") && letter.data.contains("xarf.json"), "{}", letter.data);
    let message = MessageParser::new().parse(letter.data.as_bytes()).expect("a message");
    let json = message.attachment(0).expect("the document").contents();
    let xarf: serde_json::Value = serde_json::from_slice(json).expect("whole JSON");
    assert_eq!(
        (&xarf["source_identifier"], &xarf["type"], &xarf["destination_port"]),
        (&"198.51.100.9".into(), &"port_scan".into(), &1080.into())
    );
    assert!(!letter.data.contains("203.0.113"), "which addresses are traps stays with us: {}", letter.data);
    night.end().await;
}

/// A registry on loopback: it names us for 198.51.100.1, nobody for .2, a desk of their own for all others, and when it is
/// asked about .3 for the first time it breaks down. Gives its base and what it was asked.
async fn registry() -> (String, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.expect("a request"));
            }
            let path = String::from_utf8_lossy(&request).split(' ').nth(1).expect("a path").to_owned();
            let first = !heard.lock().expect("paths").contains(&path);
            let (status, mailbox) = match path.as_str() {
                "/ip/198.51.100.1" => ("200 OK", "abuse@example.net"),
                "/ip/198.51.100.2" => ("404 Not Found", ""),
                "/ip/198.51.100.3" if first => ("500 Oops", ""),
                _ => ("200 OK", "abuse@scanners.example"),
            };
            heard.lock().expect("paths").push(path);
            let body = serde_json::json!({ "objectClassName": "ip network", "entities": [{
                "roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", mailbox]]]
            }] });
            let body = body.to_string();
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.expect("sent");
        }
    });
    (base, asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scanners_desk_is_asked_of_the_registry_and_again_when_that_breaks_down() {
    let post = Post::open().await;
    let mut house = house(&post).await;
    house.answers.xarf_out = true;
    let (base, asked) = registry().await;
    let home = case::Home::new(["203.0.113.0/24".parse().expect("a prefix")]).expect("a home");
    let contacts = RegistryContacts::new(ContactTable::default(), lookup::Rdap::new(&base), home);
    house.answers.contacts = std::sync::Arc::new(contacts);
    house.leased("203.0.113.105", "line-105").await;
    let night = house.open().await;
    let paul = "paul@customers.example";
    for number in [1, 2, 3, 9] {
        night.mail(&format!("s{number}"), &scan(paul, &format!("198.51.100.{number}"), true, &night)).await;
    }
    let about = |scanner: &str| {
        let letters = post.to("abuse@scanners.example");
        letters.into_iter().filter(|letter| letter.data.contains(&format!("\"{scanner}\""))).count()
    };
    until("a letter about the last", async || (about("198.51.100.9") == 1).then_some(())).await;
    until("all are asked about", async || {
        let asked = asked.lock().expect("paths");
        ["1", "2", "3"].iter().all(|end| asked.contains(&format!("/ip/198.51.100.{end}"))).then_some(())
    })
    .await;
    assert_eq!(about("198.51.100.3"), 0, "the registry broke down");
    house.clock.advance(SignedDuration::from_mins(5));
    until("it is asked again", async || (about("198.51.100.3") == 1).then_some(())).await;
    until("every errand is done", async || {
        house.store.next_errand_due().await.expect("the outbox").is_none().then_some(())
    })
    .await;
    assert_eq!(post.to("@").len(), 2, "neither we nor nobody is written to");
    night.end().await;
}

/// A SpamCop report of a web host at each of `addresses`.
fn spamvertised(number: u32, addresses: &[&str], night: &Night) -> String {
    let date = night.desk.now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let sites: Vec<String> = addresses
        .iter()
        .map(|address| {
            let url = "http://shop.example/";
            format!("Spamvertised web site: {url}\nhttp://www.spamcop.net/w3m?i=z{number}zabcz\n{url} is {address}; {date}\n")
        })
        .collect();
    format!(
        "From: {number}@reports.spamcop.net\nTo: abuse@example.net\nDate: {date}\n\
         Subject: [SpamCop (http://shop.example/) id:{number}]Cheap watches\nMessage-ID: <rid_{number}@msgid.spamcop.net>\n\
         Content-Type: text/plain; charset=us-ascii\n\n[ SpamCop V4.9.0 ]\n\
         This message is brief for your comfort.  Please use links below for details.\n\n{}\n\
         [ Offending message ]\nSubject: Cheap watches\n\nBuy.\n",
        sites.concat()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn spamcop_is_told_of_an_innocent_web_host_by_hand_alone_and_only_where_it_spoke_itself() {
    let post = Post::open().await;
    let house = house(&post).await;
    house.leased("203.0.113.106", "line-106").await;
    house.leased("203.0.113.107", "line-107").await;
    let night = house.open().await;
    let innocent = || Command::Innocent { reason: "seen by me: a shop like any other".to_owned() };
    let act =
        async |case: &Case| night.desk.act(case.id(), innocent(), Actor::Operator("erika".to_owned())).await;

    // Anybody can write SpamCop's name.
    night.mail("m1", &spamvertised(8101, &["203.0.113.106"], &night)).await;
    let case = until("a case", async || house.case_of("line-106").await).await;
    assert!(!case.may_claim_innocence());
    act(&case).await.expect_err("it is not known to be SpamCop's");

    night.trusted_mail("m2", &spamvertised(8102, &["203.0.113.106"], &night)).await;
    until("SpamCop's own report", async || house.case_of("line-106").await.filter(Case::may_claim_innocence))
        .await;
    act(&case).await.expect("it is SpamCop's own");
    until("the letter", async || Some(()).filter(|()| !post.to("innocent.").is_empty())).await;
    let letter = one(post.to("spamcop.net"));
    assert!(letter.to.contains("<innocent.8102@cmds.spamcop.net>"), "{}", letter.to);
    assert!(letter.from.contains("<abuse@example.net>"), "{}", letter.from);
    assert!(!letter.data.contains("seen by me"), "the reason stays with us");
    act(&case).await.expect_err("once is enough");
    let told = async || house.case_of("line-106").await.filter(|case| !case.told().is_empty());
    until("word of the letter", told).await;

    // One report of two lines: neither answers for both.
    night.trusted_mail("m3", &spamvertised(8103, &["203.0.113.106", "203.0.113.107"], &night)).await;
    let other = until("the other line's case", async || {
        house.case_of("line-107").await.filter(Case::may_claim_innocence)
    })
    .await;
    act(&other).await.expect("SpamCop's own");
    noted(&house, "line-107", &format!("left to {}", case.id())).await;
    assert_eq!(post.to("8103").len(), 0);
    act(&case).await.expect("the other line too");
    until("one letter for both", async || Some(()).filter(|()| !post.to("8103").is_empty())).await;
    assert_eq!(post.to("8103").len(), 1);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_last_year_is_forgotten_and_one_of_last_week_is_not() {
    let house = House::new().await;
    let post = async |id: &str, days: i64| {
        let letter = store::Posting {
            key: id.to_owned(),
            purpose: "outcome".to_owned(),
            address: "anna@example.org".to_owned(),
            about: String::new(),
            case: case::CaseId::NONE,
            message_id: id.to_owned(),
            at: house.clock.now() - SignedDuration::from_hours(24 * days),
        };
        house.store.post_letter(&letter, &[]).await.expect("a letter");
    };
    post("old@example.net", 365).await;
    post("new@example.net", 7).await;
    let night = house.open().await;
    let meant = async |id: &str| house.store.letter_meant(&[id.to_owned()]).await.expect("a look").is_some();
    until("the old one to be forgotten", async || (!meant("old@example.net").await).then_some(())).await;
    assert!(meant("new@example.net").await);
    night.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_a_letter_without_end_fills_no_case() {
    let post = Post::open().await;
    let house = house(&post).await;
    house.leased("203.0.113.109", "line-109").await;
    let night = house.open().await;
    night.mail("m", &complaint("anna@reporter.example", "203.0.113.109", true, "", &night)).await;
    told(&house, "line-109").await;
    let ours = one(post.to("anna@")).header("Message-ID").expect("an id");
    let answers = format!("In-Reply-To: {ours}\nPrecedence: bulk\n");
    for number in 0..70 {
        let who = format!("bot{number}@reporter.example");
        night.mail(&format!("m{number}"), &complaint(&who, "203.0.113.109", true, &answers, &night)).await;
    }
    until("all of them read", async || {
        let read = house.store.count_intake(&store::IntakeFilter::default()).await.expect("a count");
        (read == 71).then_some(())
    })
    .await;
    let case = house.case_of("line-109").await.expect("the case");
    let notes = case.notes().iter().filter(|note| note.text.contains("a letter of ours")).count();
    assert_eq!(notes, 64, "the rest are in the intake and not on the case");
    night.end().await;
}
