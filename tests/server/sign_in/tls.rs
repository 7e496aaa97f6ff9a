//! A proxy that ends TLS, as in front of most servers.

use std::{net::TcpListener, sync::Arc, thread};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener as AsyncListener, TcpStream},
    runtime::Builder,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};

use crate::certificates::Authority;

/// Begins to serve this plain address over TLS, and returns the port.
pub(super) fn in_front_of(plain: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    listener.set_nonblocking(true).expect("a listener");
    let plain = plain.to_owned();
    // The tests block their own thread.
    thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(serve(listener, plain));
    });
    port
}

async fn serve(listener: TcpListener, plain: String) {
    let identity = Authority::new().sign("*.hallpass.localhost");
    let certificate = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = AsyncListener::from_std(listener).unwrap();
    while let Ok((connection, _)) = listener.accept().await {
        let (acceptor, plain) = (acceptor.clone(), plain.clone());
        tokio::spawn(async move {
            let mut outside = acceptor.accept(connection).await.ok()?;
            let mut inside = TcpStream::connect(plain).await.ok()?;
            copy_bidirectional(&mut outside, &mut inside).await.ok()
        });
    }
}
