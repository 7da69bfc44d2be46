//! A connection to a proxy of which the status of the first answer is overheard: hyper-util says of a
//! tunnel that was not opened that it was not, and nothing of the status that tells why.
//!
//! Not responsible for what follows from it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

/// How long `HTTP/1.1 503` is.
const STATUS_LINE: usize = 12;

/// A connection while a tunnel is asked for.
pub(super) struct Overheard<T> {
    io: T,
    begin: Vec<u8>,
    status: Status,
}

/// The status of the answer, once there is one. Clones are told the same.
#[derive(Clone, Default)]
pub(super) struct Status(Arc<AtomicU16>);

impl Status {
    /// The status; 0 as long as there is none.
    pub(super) fn get(&self) -> u16 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<T> Overheard<T> {
    pub(super) fn new(io: T, status: Status) -> Self {
        Self { io, begin: Vec::with_capacity(STATUS_LINE), status }
    }

    pub(super) fn into_inner(self) -> T {
        self.io
    }

    fn note(&mut self, piece: &[u8]) {
        let missing = STATUS_LINE - self.begin.len();
        self.begin.extend(piece.iter().take(missing));
        let status = self.begin.get(STATUS_LINE - 3..).and_then(|it| str::from_utf8(it).ok());
        if let Some(Ok(status)) = status.map(str::parse) {
            self.status.0.store(status, Ordering::Relaxed);
        }
    }
}

impl<T: Read + Unpin> Read for Overheard<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut room = [0; 256];
        let room = room.get_mut(..buffer.remaining().min(256)).unwrap_or_default();
        let mut piece = ReadBuf::new(room);
        ready!(Pin::new(&mut self.io).poll_read(cx, piece.unfilled()))?;
        self.note(piece.filled());
        buffer.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for Overheard<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
