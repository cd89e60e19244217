//! Opening a new database from several sides at once.

use store::Store;
use tempfile::TempDir;

/// `serve` and a command meet a file that neither has seen: both must find its tables made, once.
#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_file_at_once() {
    for round in 0..10 {
        let dir = TempDir::new().expect("a folder");
        let url = format!("sqlite://{}", dir.path().join("nightdesk.db").display());
        let openings: Vec<_> = (0..6)
            .map(|_| {
                let url = url.clone();
                tokio::spawn(async move { Store::open(&url).await.map(drop) })
            })
            .collect();
        for opening in openings {
            let opened = opening.await.expect("an opening that ends");
            assert!(opened.is_ok(), "round {round}: {opened:?}");
        }
    }
}
