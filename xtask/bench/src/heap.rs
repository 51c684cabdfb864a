//! A heap that knows on whose behalf it is used, so that the phone's share can be told from the simulator's.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

/// On whose behalf memory is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// The bench itself, the simulator, the host's ports.
    Other,
    /// The phone's half of the protocol, or the whole SDK.
    Phone,
    /// The device role.
    Device,
}

/// What one side holds and has held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    /// Most bytes held at the same time.
    pub(crate) peak: usize,
    /// Bytes held now.
    pub(crate) live: usize,
    /// How often memory was asked for.
    pub(crate) allocations: usize,
}

struct Gauge {
    live: Cell<usize>,
    peak: Cell<usize>,
    allocations: Cell<usize>,
}

impl Gauge {
    const fn new() -> Self {
        Self {
            live: Cell::new(0),
            peak: Cell::new(0),
            allocations: Cell::new(0),
        }
    }

    fn take(&self, bytes: usize) {
        self.live.set(self.live.get().wrapping_add(bytes));
        self.peak.set(self.peak.get().max(self.live.get()));
        self.allocations.set(self.allocations.get() + 1);
    }

    fn give(&self, bytes: usize) {
        self.live.set(self.live.get().wrapping_sub(bytes));
    }
}

thread_local! {
    static SIDE: Cell<Side> = const { Cell::new(Side::Other) };
    /// Of this thread only, so that tests do not see each other; what is measured never leaves its thread.
    static GAUGES: [Gauge; 3] = const { [Gauge::new(), Gauge::new(), Gauge::new()] };
}

fn gauge<T>(side: Side, look: impl FnOnce(&Gauge) -> T) -> T {
    let index = match side {
        Side::Other => 0,
        Side::Phone => 1,
        Side::Device => 2,
    };
    GAUGES.with(|gauges| look(&gauges[index]))
}

/// Runs `work` on behalf of `side`.
pub(crate) fn on_behalf<T>(side: Side, work: impl FnOnce() -> T) -> T {
    struct Restore(Side);
    impl Drop for Restore {
        fn drop(&mut self) {
            SIDE.set(self.0);
        }
    }
    let _restore = Restore(SIDE.replace(side));
    work()
}

/// Begins to measure `side` anew: what it holds now is the first peak.
pub(crate) fn restart(side: Side) {
    gauge(side, |gauge| {
        gauge.peak.set(gauge.live.get());
        gauge.allocations.set(0);
    });
}

/// What `side` holds, and has held since [`restart`].
pub(crate) fn used(side: Side) -> Use {
    gauge(side, |gauge| Use {
        peak: gauge.peak.get(),
        live: gauge.live.get(),
        allocations: gauge.allocations.get(),
    })
}

/// Counts the bytes asked for, not the allocator's own; remembers in front of each block whose it is, as another side may free it.
pub(crate) struct Counting;

impl Counting {
    /// The layout with room for the owner in front, and where the block itself begins.
    fn with_owner(layout: Layout) -> Option<(Layout, usize)> {
        let (whole, offset) = Layout::new::<Side>().extend(layout).ok()?;
        Some((whole, offset))
    }
}

// SAFETY: every block is the system's with a header in front of it; the header's size follows from the alignment, which never changes for a block.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some((whole, offset)) = Self::with_owner(layout) else {
            return std::ptr::null_mut();
        };
        // SAFETY: `whole` is not empty.
        let start = unsafe { System.alloc(whole) };
        if start.is_null() {
            return start;
        }
        let side = SIDE.get();
        gauge(side, |gauge| gauge.take(layout.size()));
        // SAFETY: the block begins with room for a `Side` and is `offset` bytes longer than asked for.
        unsafe {
            start.cast::<Side>().write(side);
            start.add(offset)
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some((whole, offset)) = Self::with_owner(layout) else {
            return;
        };
        // SAFETY: the block came from `alloc` with this layout, so its owner is in front of it.
        unsafe {
            let start = block.sub(offset);
            let side = start.cast::<Side>().read();
            gauge(side, |gauge| gauge.give(layout.size()));
            System.dealloc(start, whole);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let grown = Layout::from_size_align(new_size, layout.align());
        let (Some((whole, offset)), Some((new_whole, _))) = (
            Self::with_owner(layout),
            grown.ok().and_then(Self::with_owner),
        ) else {
            return std::ptr::null_mut();
        };
        // SAFETY: as in `dealloc`; the header moves along with the block.
        unsafe {
            let start = block.sub(offset);
            let side = start.cast::<Side>().read();
            let moved = System.realloc(start, whole, new_whole.size());
            if moved.is_null() {
                return moved;
            }
            gauge(side, |gauge| {
                gauge.give(layout.size());
                gauge.take(new_size);
            });
            moved.add(offset)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_belongs_to_the_side_that_asked_for_it_whoever_frees_it() {
        let before = used(Side::Device).live;
        let block = on_behalf(Side::Device, || vec![0_u8; 1000]);
        assert_eq!(used(Side::Device).live, before + 1000);
        let mut grown = block;
        grown.reserve_exact(3000);
        assert_eq!(used(Side::Device).live, before + 4000);
        drop(grown);
        assert_eq!(used(Side::Device).live, before);
        assert!(used(Side::Device).peak >= before + 4000);
    }
}
