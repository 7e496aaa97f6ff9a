//! Sign-in with a provider that is not trusted for the address: E-13.

use hallpass::{oauth::Provider, password::RegistrationMode};
use serde_json::json;

use super::{EVERYBODY, twins};
use crate::{
    oauth::flow::{APP_URL, begin, come_back, landed},
    support::provider::{CLIENT_ID, CLIENT_SECRET, FakeProvider},
};

#[tokio::test]
async fn an_untrusted_assertion_is_refused_alike_in_private_mode() {
    let fake = FakeProvider::start().await;
    let set = |builder: hallpass::AuthBuilder| {
        let idp = Provider::oidc("idp", &fake.issuer, CLIENT_ID).client_secret(CLIENT_SECRET);
        let private = builder.registration(RegistrationMode::Private);
        private.provider(idp).provider_redirects([APP_URL])
    };
    for twins in twins(set).await {
        twins.everybody().await;
        twins.pause().await;
        fake.follow(&twins.clock);
        for verified in [json!(true), json!(false), json!(null)] {
            let mut seen = None;
            for (number, email) in EVERYBODY.into_iter().enumerate() {
                let subject = format!("{number} {verified}");
                let claims = json!({"sub": subject, "email": email, "email_verified": verified});
                let tab = begin(&twins, &[]).await;
                let query = fake.approve(&tab.location, &claims);
                let statements = twins.counted.as_ref().map(|(_, count)| count);
                statements.inspect(|count| count.forget());
                let params = landed(come_back(&twins, &tab, &query).await);
                let statements = statements.map(|count| count.take());
                assert_eq!(params["error"], "link_required", "{}: {email}", twins.name);
                let first = seen.get_or_insert_with(|| statements.clone());
                assert_eq!(*first, statements, "{email}");
            }
        }
        assert!(twins.mails().await.is_empty(), "{}", twins.name);
    }
}
