//! Flow records to signs of a proxy or relay on a home address.
//!
//! In: [`flow::Flow`]s, about in order of time. Out: [`Sign`]s, each with the flows that prove it and why in words.
//! One pass, bounded memory for each home address, no clock but the flows' own. It knows no subscribers, and what signs come
//! to together is not its to say: `case` judges.
//!
//! ```
//! use signs::{Config, Detector};
//!
//! let mut detector = Detector::new(Config::new(vec!["198.51.100.0/24".parse()?]));
//! # let flows: [flow::Flow; 0] = [];
//! for flow in &flows {
//!     detector.see(flow); // records of one direction or both; they are put together inside
//! }
//! for sign in detector.new_signs() {
//!     println!("{} {} {}: {}", sign.address, sign.sign, sign.score, sign.why);
//! }
//! detector.finish(); // only where the flows end: a file, not a night
//! for address in detector.addresses() {
//!     println!("{address}: {} signs", detector.signs(address).len());
//! }
//! # Ok::<(), ipnet::AddrParseError>(())
//! ```
//!
//! A running night gives each shard of home addresses a detector of its own and asks for [`Detector::new_signs`] every so
//! often; what is allowed may be changed at any time with [`Detector::allow`] and applies at the next question.

mod agreement;
mod called;
mod config;
mod contact;
mod detector;
mod gateway;
mod home;
mod knocks;
mod learnt;
mod line;
mod mail;
mod pace;
mod phone;
mod ports;
mod proof;
mod rarity;
mod relay;
mod scan;
mod served;
mod sign;
mod sketch;
mod slots;
mod tight;
mod tunnel;
mod watched;

pub use config::{Allowed, Config};
pub use detector::{Counts, Detector};
pub use knocks::{Back, Knock};
pub use learnt::Learnt;
pub use ports::{SoughtPort, sought};
pub use sign::{Sign, SignKind};
