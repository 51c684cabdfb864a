//! How deep the stack gets, on a stack that was painted before.

use std::{
    ffi::c_void,
    panic::{AssertUnwindSafe, catch_unwind},
};

use anyhow::{Context, ensure};

const PAINT: u8 = 0xa5;
const PAGE: usize = 4096;
const STACK: usize = 4 * 1024 * 1024;

#[repr(C, align(4096))]
#[derive(Clone)]
struct Page([u8; PAGE]);

/// How many bytes of stack `work` takes, beyond what a thread takes that does nothing.
pub(crate) fn depth(work: impl FnOnce() + Send) -> anyhow::Result<usize> {
    let nothing = painted(|| {})?;
    Ok(painted(work)?.saturating_sub(nothing))
}

fn painted<W: FnOnce() + Send>(work: W) -> anyhow::Result<usize> {
    let mut stack = vec![Page([PAINT; PAGE]); STACK / PAGE];
    let mut call = Call {
        work: Some(work),
        finished: false,
    };
    // SAFETY: the stack and the call outlive the thread, which is joined here; both are exclusively the thread's until then. The attributes are
    // initialised before they are used.
    unsafe {
        let mut attributes = std::mem::zeroed::<libc::pthread_attr_t>();
        ensure!(libc::pthread_attr_init(&mut attributes) == 0, "attributes");
        let set = libc::pthread_attr_setstack(
            &mut attributes,
            stack.as_mut_ptr().cast::<c_void>(),
            STACK,
        );
        ensure!(set == 0, "a stack of our own");
        let mut thread = std::mem::zeroed::<libc::pthread_t>();
        let argument = (&raw mut call).cast::<c_void>();
        let made = libc::pthread_create(&mut thread, &attributes, run::<W>, argument);
        libc::pthread_attr_destroy(&mut attributes);
        ensure!(made == 0, "a thread");
        ensure!(
            libc::pthread_join(thread, std::ptr::null_mut()) == 0,
            "the thread ends"
        );
    }
    ensure!(call.finished, "the work is done");
    let untouched = stack
        .iter()
        .flat_map(|page| &page.0)
        .position(|byte| *byte != PAINT)
        .context("the stack was used")?;
    Ok(STACK - untouched)
}

struct Call<W> {
    work: Option<W>,
    finished: bool,
}

extern "C" fn run<W: FnOnce()>(argument: *mut c_void) -> *mut c_void {
    // SAFETY: `painted` passes a pointer to a `Call<W>` that lives longer than the thread.
    let call = unsafe { &mut *argument.cast::<Call<W>>() };
    if let Some(work) = call.work.take() {
        // A panic must not leave a function that C calls.
        call.finished = catch_unwind(AssertUnwindSafe(work)).is_ok();
    }
    std::ptr::null_mut()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_array_on_the_stack_is_seen() {
        let depth = depth(|| {
            std::hint::black_box([1_u8; 100_000]);
        });
        let depth = depth.expect("a depth");
        assert!((100_000..450_000).contains(&depth), "{depth}");
    }
}
