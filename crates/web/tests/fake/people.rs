//! The people of the in-memory night: who may is asked of the same table as the desk's.

use std::net::IpAddr;

use desk::{
    ApiToken, ChainView, DeedFilter, DeedView, Enrolment, NewPassword, NewSession, Person, Rights, Role,
    Session, TokenWish,
};
use web::{Doorkeeper, OfficeError, Soon};

use super::{API_TOKEN, CODE, CSRF, Night, OPERATOR, TOKEN, now, soon};

/// A right given, a token made and so on, in the order they came.
pub type Deeds = Vec<String>;

/// What the second session of a log-in with a code is called.
pub const AFTER_CODE: &str = "after-the-code";

fn person(name: &str, rights: Rights) -> Person {
    Person { name: name.to_owned(), rights, vouched_by: None, retired: None, second_factor: None }
}

impl Night {
    fn did(&self, what: String) -> Soon<'_, ()> {
        self.state().people.push(what);
        soon(Ok(()))
    }
}

impl Doorkeeper for Night {
    fn second_factor<'a>(&'a self, token: &'a str, code: &'a str, _: IpAddr) -> Soon<'a, NewSession> {
        let mut state = self.state();
        soon(if token != TOKEN || !state.waits {
            Err(OfficeError::CannotSay("that took too long".to_owned()))
        } else if code != CODE {
            Err(OfficeError::WrongCode)
        } else {
            (state.waits, state.logged_in) = (false, true);
            state.token = AFTER_CODE.to_owned();
            let expires = "2099-01-01T00:00:00Z".parse().unwrap();
            Ok(NewSession { token: AFTER_CODE.to_owned(), csrf: CSRF.to_owned(), expires, waits: false })
        })
    }

    fn use_token<'a>(&'a self, token: &'a str) -> Soon<'a, Option<Session>> {
        let state = self.state();
        let known = token == API_TOKEN;
        let operator = "token grafana".to_owned();
        soon(Ok(known.then(|| Session { operator, csrf: String::new(), rights: state.rights })))
    }

    fn people(&self) -> Soon<'_, Vec<Person>> {
        let robin = person(OPERATOR, self.state().rights);
        let kim = person("kim", Rights { role: Role::Viewer, cuts_off: false });
        soon(self.state().whole().map(|()| vec![kim, robin]))
    }

    fn set_person<'a>(
        &'a self,
        name: &'a str,
        _: NewPassword,
        rights: Option<Rights>,
        by: &'a str,
    ) -> Soon<'a, Option<String>> {
        if name == "taken" {
            return soon(Err(OfficeError::CannotSay("that name is taken".to_owned())));
        }
        self.state().people.push(format!("{by} set {name} {rights:?}"));
        soon(Ok(Some("made-for-once".to_owned())))
    }

    fn set_rights<'a>(&'a self, name: &'a str, rights: Rights, by: &'a str) -> Soon<'a, ()> {
        self.did(format!(
            "{by} gave {name} {}{}",
            rights.role,
            if rights.cuts_off { " cuts off" } else { "" }
        ))
    }

    fn retire<'a>(&'a self, name: &'a str, retired: bool, by: &'a str) -> Soon<'a, ()> {
        self.did(format!("{by} retired {name} {retired}"))
    }

    fn reset_second_factor<'a>(&'a self, name: &'a str, by: &'a str) -> Soon<'a, ()> {
        self.did(format!("{by} reset {name}"))
    }

    fn change_password<'a>(&'a self, name: &'a str, _: &'a str, old: &'a str, _: &'a str) -> Soon<'a, ()> {
        if old != super::PASSWORD {
            return soon(Err(OfficeError::CannotSay("that is not your password".to_owned())));
        }
        self.did(format!("{name} changed"))
    }

    fn enrolment<'a>(&'a self, _: &'a str) -> Soon<'a, Option<Enrolment>> {
        let enrolling = self.state().enrolling;
        soon(Ok(enrolling.then(|| Enrolment {
            uri: "otpauth://totp/nightdesk:robin?secret=GEZDGNBV".to_owned(),
            secret: "GEZD GNBV".to_owned(),
        })))
    }

    fn begin_enrolment<'a>(&'a self, name: &'a str) -> Soon<'a, ()> {
        self.state().enrolling = true;
        self.did(format!("{name} begins"))
    }

    fn finish_enrolment<'a>(&'a self, _: &'a str, code: &'a str) -> Soon<'a, Vec<String>> {
        if code != CODE {
            return soon(Err(OfficeError::WrongCode));
        }
        self.state().enrolling = false;
        soon(Ok(vec!["aaaa-bbbb-cccc-dddd".to_owned()]))
    }

    fn end_own_second_factor<'a>(&'a self, name: &'a str, code: &'a str, _: IpAddr) -> Soon<'a, ()> {
        if code != CODE { soon(Err(OfficeError::WrongCode)) } else { self.did(format!("{name} ends")) }
    }

    fn recovery_codes_left<'a>(&'a self, _: &'a str) -> Soon<'a, Option<u64>> {
        soon(Ok(None))
    }

    fn tokens(&self) -> Soon<'_, Vec<ApiToken>> {
        soon(Ok(vec![ApiToken {
            name: "grafana".to_owned(),
            made_by: OPERATOR.to_owned(),
            role: "viewer".to_owned(),
            cuts_off: false,
            made: now(),
            expires: "2099-01-01T00:00:00Z".parse().unwrap(),
            last_used: None,
            revoked: None,
        }]))
    }

    fn make_token<'a>(&'a self, wish: &'a TokenWish, by: &'a str) -> Soon<'a, String> {
        self.state().people.push(format!("{by} made token {} for {} h", wish.name, wish.lasts.as_hours()));
        soon(Ok("nightdesk_shown-once".to_owned()))
    }

    fn revoke_token<'a>(&'a self, name: &'a str, by: &'a str) -> Soon<'a, ()> {
        self.did(format!("{by} took back {name}"))
    }

    fn deeds<'a>(
        &'a self,
        filter: &'a DeedFilter,
        before: Option<u64>,
        _: &'a str,
    ) -> Soon<'a, Vec<DeedView>> {
        let deed = |seq: u64, who: &str, about: &str, why: &str| DeedView {
            seq,
            at: now(),
            who: who.to_owned(),
            deed: "released".to_owned(),
            about: about.to_owned(),
            why: why.to_owned(),
            until: None,
            detail: serde_json::json!({ "title": "released" }),
            sound: seq != 7,
        };
        let text = self.state().foreign.clone();
        let all = vec![deed(9, OPERATOR, "ND-17", &text), deed(7, "kim", "line-20417", "=1+1")];
        let fits = |one: &DeedView| {
            filter.who.as_ref().is_none_or(|who| *who == one.who) && before.is_none_or(|seq| one.seq < seq)
        };
        soon(Ok(all.into_iter().filter(fits).collect()))
    }

    fn chain(&self) -> Option<ChainView> {
        let broken = self.state().tampered.then(|| "entry 3: its bytes are missing".to_owned());
        Some(ChainView { at: now(), entries: 4711, head: "ab".repeat(32), broken })
    }

    fn walk_log<'a>(&'a self, by: &'a str) -> Soon<'a, ChainView> {
        self.state().people.push(format!("{by} walked"));
        soon(Ok(self.chain().unwrap()))
    }
}
