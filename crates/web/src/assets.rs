//! What the browser needs besides pages, carried in the program and served under the hash of its bytes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::trouble::Trouble;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/"]
struct Files;

/// A file at this name never changes: a changed file has another name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Where each file is served, by the name it has in the tree.
struct Shelf {
    address: BTreeMap<String, String>,
    name: BTreeMap<String, String>,
}

static SHELF: LazyLock<Shelf> = LazyLock::new(|| {
    let mut shelf = Shelf { address: BTreeMap::new(), name: BTreeMap::new() };
    for name in Files::iter() {
        let Some(file) = Files::get(&name) else { continue };
        let hash: String = hex::encode(file.metadata.sha256_hash()).chars().take(16).collect();
        let base = name.rsplit('/').next().unwrap_or(&name);
        let served = match base.rsplit_once('.') {
            Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
            None => continue,
        };
        shelf.address.insert(name.to_string(), format!("/assets/{served}"));
        shelf.name.insert(served, name.to_string());
    }
    shelf
});

/// The address of a file of the tree.
pub(crate) fn address(name: &str) -> &'static str {
    SHELF.address.get(name).map_or("/assets/missing", String::as_str)
}

/// `GET /assets/{served}`.
pub(crate) async fn get(Path(served): Path<String>) -> Result<Response, Trouble> {
    let missing = || Trouble::NotFound("file");
    let name = SHELF.name.get(&served).ok_or_else(missing)?;
    let file = Files::get(name).ok_or_else(missing)?;
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => return Err(missing()),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOR_EVER)];
    Ok((headers, file.data.into_owned()).into_response())
}
