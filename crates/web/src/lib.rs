//! API and pages: requests to desk verbs, values to HTML and JSON.
//!
//! A request goes through four doors before a page is made, in this order: [`headers`] (what every answer carries),
//! [`visitor`] (who asks, what they may, in which theme), [`trouble`] (whatever fails becomes one plain page) and [`guard`] (nothing
//! but GET passes without our own origin and the form's token, and nothing takes for ever). Pages hold no state and
//! decide nothing: they ask the [`Office`] and draw what it says. Every page works without JavaScript.

mod act;
mod api;
mod assets;
mod cookies;
mod customer;
mod desk_calls;
mod doorkeeper;
mod garden;
mod guard;
mod headers;
mod metrics;
mod office;
mod page_link;
mod pages;
mod routes;
mod trouble;
mod visitor;
mod words;

// The in-memory night of the tests knows this crate by its name.
#[cfg(test)]
extern crate self as web;
#[cfg(test)]
#[path = "../tests/fake/mod.rs"]
mod fake;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;

pub use api::openapi::openapi;
pub use doorkeeper::Doorkeeper;
pub use garden::{Garden, GardenConfig, garden};
pub use office::{Office, OfficeError, Soon, Splitting, TrialBegun};
pub use routes::{Address, addresses};

/// How the pages are served.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether browsers reach us by https (directly or through a proxy): cookies are then `Secure`, and HSTS is sent.
    pub https: bool,
    /// How long one request may take before it is given up with 503.
    pub request_timeout: Duration,
    /// From where `/metrics` may be read without a login, by connecting to us directly.
    pub metrics_from: Vec<IpNet>,
}

impl Default for Config {
    fn default() -> Self {
        let loopback =
            [IpNet::new_assert([127, 0, 0, 0].into(), 8), IpNet::from(IpAddr::from(Ipv6Addr::LOCALHOST))];
        Config { https: false, request_timeout: Duration::from_secs(20), metrics_from: loopback.to_vec() }
    }
}

/// What every handler is handed.
#[derive(Clone)]
pub(crate) struct App {
    /// The desk.
    pub(crate) office: Arc<dyn Office>,
    /// The same desk, asked about people.
    pub(crate) doorkeeper: Arc<dyn Doorkeeper>,
    /// How we are served.
    pub(crate) config: Config,
    /// How often customers' links are asked for.
    pub(crate) customers: Arc<customer::Asked>,
}

/// All pages and the API. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, so that login attempts
/// are counted per address.
pub fn router(desk: impl Office + Doorkeeper, config: Config) -> axum::Router {
    let desk = Arc::new(desk);
    routes::all(App { office: desk.clone(), doorkeeper: desk, config, customers: Arc::default() })
}
