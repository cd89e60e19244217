//! `nightdesk demo`: one night on this machine, on loopback only, with the real listeners, the real mail path, a real
//! open proxy on an odd port, and the real judgement. Only the night is staged.

mod line;
mod mails;
mod night;
mod post;
mod traffic;

pub(crate) use night::run;
