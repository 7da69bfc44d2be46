//! Bodies of requests and answers, in memory that is cleared on drop.
//!
//! hyper and rustls copy them to their own buffers, which are not cleared.

use std::convert::Infallible;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use zeroize::Zeroizing;

use crate::BoxError;

/// The largest accepted answer, in bytes: 1 MiB. The services' answers have a few thousand bytes.
pub(crate) const ANSWER_LIMIT: usize = 1 << 20;

/// The body of the requests that a [`Portal<S>`](crate::Portal) or [`Oidc<S>`](crate::Oidc) sends
/// through `S`.
///
/// The whole body is in memory, so a request can be cloned and sent again. It may contain secrets,
/// so the memory is cleared on drop, and `Debug` shows only the length.
#[derive(Clone, Default)]
pub struct RequestBody(SingleFrame);

/// The body of an answer. `HttpsClient` reads the whole body into memory, within its limits of time
/// and size.
///
/// It may contain secrets, so the memory is cleared on drop, and `Debug` shows only the length.
pub struct ResponseBody(SingleFrame);

/// A body of one frame.
#[derive(Clone, Default)]
struct SingleFrame(Bytes);

/// The reason why a body could not be read to its end.
pub(crate) enum ReadError {
    /// The body is longer than [`ANSWER_LIMIT`].
    TooLarge,
    /// The underlying body returned an error.
    Broken(BoxError),
}

impl RequestBody {
    /// Creates an empty body.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Creates a body of these bytes, which are cleared on drop.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self::secret(Zeroizing::new(bytes))
    }

    pub(crate) fn secret(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(SingleFrame::new(bytes))
    }

    /// The bytes. They may hold a secret.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }
}

impl ResponseBody {
    /// Creates a body of these bytes, which are cleared on drop. For mocks and other HTTP clients.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(SingleFrame::new(Zeroizing::new(bytes)))
    }

    #[cfg(feature = "https")]
    pub(crate) fn secret(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(SingleFrame::new(bytes))
    }

    /// The bytes. They may hold a secret.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0.0
    }
}

impl SingleFrame {
    fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        if bytes.is_empty() { Self::default() } else { Self(Bytes::from_owner(bytes)) }
    }

    fn frame(&mut self) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = std::mem::take(&mut self.0);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.frame()
    }

    fn is_end_stream(&self) -> bool {
        self.0.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.0.len() as u64)
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.frame()
    }

    fn is_end_stream(&self) -> bool {
        self.0.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.0.len() as u64)
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestBody({} bytes)", self.0.0.len())
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseBody({} bytes)", self.0.0.len())
    }
}

/// Reads a body to its end. Fails if it is longer than [`ANSWER_LIMIT`].
pub(crate) async fn read<B>(body: B) -> Result<Zeroizing<Vec<u8>>, ReadError>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > ANSWER_LIMIT {
        return Err(ReadError::TooLarge);
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced));
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| ReadError::Broken(error.into()))?;
        let Ok(mut data) = frame.into_data() else { continue };
        if data.remaining() > ANSWER_LIMIT - bytes.len() {
            return Err(ReadError::TooLarge);
        }
        reserve(&mut bytes, data.remaining());
        while data.has_remaining() {
            let chunk = data.chunk();
            let length = chunk.len();
            bytes.extend_from_slice(chunk);
            data.advance(length);
        }
    }
    Ok(bytes)
}

/// Reserves capacity for `more` bytes, and clears the old allocation. `Vec::reserve` would leave a
/// copy of the bytes in freed memory.
fn reserve(bytes: &mut Zeroizing<Vec<u8>>, more: usize) {
    let needed = bytes.len() + more;
    if needed > bytes.capacity() {
        let mut grown = Zeroizing::new(Vec::with_capacity(needed.max(2 * bytes.capacity())));
        grown.extend_from_slice(bytes);
        *bytes = grown;
    }
}
