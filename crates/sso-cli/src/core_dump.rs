//! Keeps secrets out of core dumps.

/// Makes this process leave no core dump, and its memory unreadable for other processes of the same
/// user. A command that it executes is not affected: the kernel resets the attribute.
///
/// Linux only: elsewhere the limit on core dumps would be inherited by that command.
pub(crate) fn disable() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        // Linux always knows this setting; without it the process works as well.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
