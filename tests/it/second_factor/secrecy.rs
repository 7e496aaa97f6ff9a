//! What a pending sign-in keeps, and what reaches the logs.

use hallpass::{
    Login, SignIn,
    seaorm::{ConnectSettings, SeaOrmStore},
    second_factor::SecondFactor,
    secret::AccessToken,
};
use sea_orm::{ConnectionTrait as _, Statement};

use super::ANN;
use crate::support::{
    app::{app_with, apps},
    authenticator::Authenticator,
    db::Database,
    http::PASSWORD,
    lines::Lines,
};

/// Password kept in the pending state (django-two-factor CVE-2020-15105): a challenge keeps the methods of the first
/// proof, and neither a credential nor the ticket.
#[tokio::test]
async fn password_kept_in_the_pending_state_is_not_found() {
    for database in Database::migrated().await {
        let settings = ConnectSettings::new(database.url());
        let store = SeaOrmStore::connect(&settings).await.expect("a store");
        let app = app_with(|builder| builder.store(store.clone())).await;
        let ann = app.enrolled(ANN).await;
        let ticket = app.ticket(ANN).await;
        let db = store.database();
        let sql = "SELECT * FROM auth_challenges";
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(statement).await.expect("rows");
        let kept = format!("{rows:?}");
        let columns = rows.first().expect("a challenge").column_names();
        let known = [
            "attempts",
            "created_at",
            "credential_version",
            "expires_at",
            "factor_id",
            "factor_version",
            "id",
            "methods",
            "provider",
            "purpose",
            "spent_at",
            "user_id",
        ];
        let mut columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        columns.sort_unstable();
        assert_eq!(columns, known, "a column that could keep a credential");
        for secret in [PASSWORD, &ticket, "argon2", &ann.recovery_codes[0]] {
            assert!(!kept.contains(secret));
        }
    }
}

/// Secret or code in logs.
#[tokio::test]
async fn secret_or_code_in_logs_is_not_found() {
    for app in apps().await {
        let lines = Lines::default();
        let listening = lines.listen();
        let ann = app.enrolled(ANN).await;
        let access = AccessToken::from(ann.tokens.access.as_str());
        let caller = app.auth.current_user(&access).await.expect("it is live");
        let secret = app
            .auth
            .factors()
            .begin_totp(&caller, None)
            .await
            .expect("a key");
        let login = Login::new(ANN.parse().expect("an address"), PASSWORD);
        let signed_in = app.auth.login(login).await.expect("the password is right");
        let SignIn::SecondFactor(challenge) = &signed_in else {
            panic!("no second factor was asked for");
        };
        let code = ann.authenticator.code(app.now());
        let recovery = ann.recovery_codes[0].clone();
        let shown = [
            SecondFactor::Totp("000000".parse().expect("a code")),
            SecondFactor::RecoveryCode(recovery.parse().expect("a code")),
        ];
        let mut printed = format!("{signed_in:?} {secret:?} {shown:?}");
        for shown in shown {
            let factors = app.auth.factors();
            let answered = factors.answer(&challenge.ticket, shown, true, Default::default());
            printed.push_str(&format!("{:?}", answered.await));
        }
        app.deliver().await;
        drop(listening);
        printed.push_str(&lines.take());
        printed.push_str(&format!("{:?}", app.mailbox.mails()));
        let events = app
            .store()
            .list_events(&Default::default(), None, 100)
            .await;
        printed.push_str(&format!("{events:?}"));
        let key = Authenticator::of(&secret);
        let secrets = [
            secret.expose_base32(),
            challenge.ticket.expose(),
            &code,
            &recovery,
            &key.code(app.now()),
        ];
        for secret in secrets {
            assert!(
                !printed.contains(secret),
                "{}: {secret} in {printed}",
                app.name
            );
        }
    }
}
