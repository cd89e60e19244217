//! The pages, one file each; what is around all of them is here.

pub(crate) mod audit;
pub(crate) mod bulk;
pub(crate) mod case;
pub(crate) mod duty;
pub(crate) mod evidence;
pub(crate) mod exposure;
pub(crate) mod firewall;
pub(crate) mod handover;
pub(crate) mod intake;
pub(crate) mod login;
pub(crate) mod mail_port;
pub(crate) mod me;
pub(crate) mod noc;
pub(crate) mod numbers;
pub(crate) mod operators;
pub(crate) mod playbook;
pub(crate) mod playbook_trial;
pub(crate) mod queue;
pub(crate) mod refile;
pub(crate) mod reporters;
pub(crate) mod rows;
pub(crate) mod runbooks;
pub(crate) mod signs;
pub(crate) mod timeline;
pub(crate) mod tokens;
pub(crate) mod traffic;
pub(crate) mod traps;
pub(crate) mod why;

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use crate::assets;
use crate::trouble::Trouble;
use crate::visitor::Visitor;

/// What stands around every page.
pub(crate) struct Chrome {
    /// The operator, when logged in.
    pub(crate) operator: Option<String>,
    /// What every form sends back.
    pub(crate) csrf: String,
    /// `light`, `dark` or `auto`.
    pub(crate) theme: &'static str,
    /// Where this page is, to come back to after the theme changes.
    pub(crate) back: String,
    /// Whether they say who may.
    pub(crate) is_admin: bool,
    /// Which entry of the navigation is this page's.
    pub(crate) here: &'static str,
}

impl Chrome {
    /// Around a page of this visitor; `here` is `queue`, `intake`, `why` or nothing.
    pub(crate) fn of(visitor: &Visitor, here: &'static str) -> Chrome {
        Chrome {
            operator: visitor.operator.clone(),
            csrf: visitor.form_token.clone(),
            theme: visitor.theme.name(),
            back: visitor.here.clone(),
            is_admin: visitor.may(desk::Right::Administer),
            here,
        }
    }

    /// The served address of a file of the tree.
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        assets::address(name)
    }
}

/// The page a text names.
pub(crate) fn page_number(text: &str) -> usize {
    text.parse().unwrap_or(1).max(1)
}

/// Draws a page.
pub(crate) fn draw(status: StatusCode, page: &impl Template) -> Result<Response, Trouble> {
    Ok((status, Html(page.render()?)).into_response())
}
