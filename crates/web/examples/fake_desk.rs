//! The pages over an in-memory night, to look at: `cargo run -p web --example fake_desk [ADDRESS]`.
//! Log in as `robin` with `correct horse battery`. Prints its address once it listens.

#[path = "../tests/fake/mod.rs"]
mod fake;

use std::net::SocketAddr;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let night = match std::env::args().nth(2) {
        Some(text) => fake::Night::hostile(&text),
        None => fake::Night::usual(),
    };
    let listener = tokio::net::TcpListener::bind(&address).await?;
    #[expect(clippy::print_stdout, reason = "whoever started it wants the address")]
    {
        println!("http://{}/", listener.local_addr()?);
    }
    let pages = web::router(night, web::Config::default());
    axum::serve(listener, pages.into_make_service_with_connect_info::<SocketAddr>()).await
}
