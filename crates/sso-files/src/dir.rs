//! An open directory, and operations on the names in it.
//!
//! On Unix each operation is relative to a descriptor. So another user cannot replace a directory
//! of the path between a check and its use. On other systems, operations use paths.

mod node;
#[cfg(not(unix))]
mod portable;
#[cfg(unix)]
mod unix;

pub(crate) use node::{Access, Node, NodeKind, Owner};
#[cfg(not(unix))]
pub(crate) use portable::{Dir, sync_file};
#[cfg(unix)]
pub(crate) use unix::{Dir, effective_user, sync_file};
