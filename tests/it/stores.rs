//! Every store keeps the contract.

use hallpass::conformance;

use crate::support::db::stores;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_users() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        store.ping().await.unwrap();
        conformance::user::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_sessions() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::session::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_rotations() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::rotation::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_one_time_tokens() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::one_time::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_store_keeps_the_contract_of_the_outbox() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::outbox::check_all(&store.store()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_checks_run_as_one_too() {
    for store in stores().await {
        eprintln!("on {}", store.name);
        conformance::check_all(store.store()).await;
    }
}
