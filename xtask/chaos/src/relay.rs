//! A relay between the processes and the emulator that closes, cuts and counts connections.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Below the ports that systems give to outgoing connections: what is closed for a while must not
/// be taken by one of those.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// How a request for a token begins.
const CREATE_TOKEN: &[u8] = b"POST /token ";

/// A port of the loopback interface that leads to the emulator.
pub(crate) struct Relay {
    runtime: Handle,
    port: u16,
    target: SocketAddr,
    listening: Mutex<Option<JoinHandle<()>>>,
    cut: watch::Sender<()>,
    in_flight: Arc<InFlight>,
}

/// The requests for a token that are not answered yet.
#[derive(Default)]
struct InFlight {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One of them.
struct Asking(Arc<InFlight>);

impl Relay {
    pub(crate) fn open(runtime: &Handle, target: &str) -> Result<Self> {
        let target = target.trim_start_matches("http://").parse()?;
        let bind = |port| runtime.block_on(TcpListener::bind(("127.0.0.1", port)));
        let found = (0..100).find_map(|_| bind(fastrand::u16(PORTS)).ok());
        let listener = found.context("no port is free")?;
        let relay = Self {
            runtime: runtime.clone(),
            port: listener.local_addr()?.port(),
            target,
            listening: Mutex::default(),
            cut: watch::Sender::new(()),
            in_flight: Arc::default(),
        };
        relay.listen(listener);
        Ok(relay)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Nobody listens any more; connections that are there stay.
    pub(crate) fn close(&self) {
        let listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = listening {
            task.abort();
            // Aborted on purpose; that is the error it ends with.
            let _ = self.runtime.block_on(task);
        }
    }

    /// The port listens again.
    pub(crate) fn reopen(&self) -> Result<()> {
        let mut tries = 0;
        let listener = loop {
            match self.runtime.block_on(TcpListener::bind(("127.0.0.1", self.port))) {
                Ok(listener) => break listener,
                Err(error) if tries >= 100 => return Err(error.into()),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
            tries += 1;
        };
        self.listen(listener);
        Ok(())
    }

    /// Resets every connection there is.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(());
    }

    /// How many requests for a token were under way at once, at most, since this was last asked.
    pub(crate) fn take_most_in_flight(&self) -> usize {
        let now = self.in_flight.now.load(Ordering::SeqCst);
        self.in_flight.most.swap(now, Ordering::SeqCst)
    }

    fn listen(&self, listener: TcpListener) {
        let (target, cut, in_flight) = (self.target, self.cut.clone(), Arc::clone(&self.in_flight));
        let task = self.runtime.spawn(async move {
            loop {
                // Out of file descriptors, say: it passes.
                let Ok((client, _)) = listener.accept().await else { continue };
                let (cut, in_flight) = (cut.subscribe(), Arc::clone(&in_flight));
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(target).await {
                        // How a connection ends is its own affair.
                        let _ = pass_on(client, server, cut, &in_flight).await;
                    }
                });
            }
        });
        *self.listening.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }
}

impl Asking {
    fn begin(in_flight: &Arc<InFlight>) -> Self {
        let now = in_flight.now.fetch_add(1, Ordering::SeqCst) + 1;
        in_flight.most.fetch_max(now, Ordering::SeqCst);
        Self(Arc::clone(in_flight))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Passes bytes on in both directions until either side ends or the connection is cut.
///
/// A request counts as answered before its process can know the answer, so two in flight are two
/// processes that asked at once.
async fn pass_on(
    mut client: TcpStream,
    mut server: TcpStream,
    mut cut: watch::Receiver<()>,
    in_flight: &Arc<InFlight>,
) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let mut asking = None;
    let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let sent = up.get(..read?).filter(|sent| !sent.is_empty());
                let Some(sent) = sent else { return Ok(()) };
                if sent.starts_with(CREATE_TOKEN) {
                    asking = Some(Asking::begin(in_flight));
                }
                server.write_all(sent).await?;
            }
            read = server.read(&mut down) => {
                drop(asking.take());
                let answered = down.get(..read?).filter(|answered| !answered.is_empty());
                let Some(answered) = answered else { return Ok(()) };
                client.write_all(answered).await?;
            }
            _ = cut.changed() => {
                // So that the client sees a reset, not an end.
                return socket_reset(&client);
            }
        }
    }
}

fn socket_reset(client: &TcpStream) -> std::io::Result<()> {
    client.set_zero_linger()
}
