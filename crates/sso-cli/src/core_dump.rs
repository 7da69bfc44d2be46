//! Keeps secrets out of core dumps.

/// Disables core dumps of this process, and makes its memory unreadable for other processes of the same
/// user. A command that replaces this process is not affected: the kernel resets the attribute.
///
/// Linux only. Other systems have only a limit on core dumps, which that command would inherit.
pub(crate) fn disable() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};

        // Linux always supports this setting. If it failed, the program would still work.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
