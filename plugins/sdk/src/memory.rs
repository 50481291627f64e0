//! Memory of a plugin made from documents: kept tidy until the snapshot, never freed after it.
//!
//! A configured plugin answers one call and is thrown away, so freeing is wasted work, and memory reused from the free
//! lists of `configure` would dirty pages all over the snapshot that the host must restore afterwards. After [`seal`]
//! every allocation is taken from the end of one block.

#[cfg(target_family = "wasm")]
pub use wasm::seal;

/// Ends the time of reuse: the last thing `configure` does. Outside a plugin there is nothing to do.
#[cfg(not(target_family = "wasm"))]
pub fn seal() {}

#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "an allocator hands out raw memory; a wasm module has one thread")]
mod wasm {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;

    const PAGE: usize = 64 * 1024;

    /// Pages set aside by [`seal`]: a plan of two hundred doses fits.
    const RESERVED_PAGES: usize = 16;

    struct Memory {
        /// Where the next allocation begins. Zero until sealed.
        next: Cell<usize>,
        /// Where the block ends.
        end: Cell<usize>,
    }

    // SAFETY: a plugin has one thread.
    unsafe impl Sync for Memory {}

    #[global_allocator]
    static MEMORY: Memory = Memory { next: Cell::new(0), end: Cell::new(0) };

    /// Ends the time of reuse: the last thing `configure` does.
    pub fn seal() {
        let page = core::arch::wasm32::memory_grow(0, RESERVED_PAGES);
        // Without memory to set aside the plugin goes on as before.
        if page != usize::MAX {
            MEMORY.next.set(page * PAGE);
            MEMORY.end.set((page + RESERVED_PAGES) * PAGE);
        }
    }

    impl Memory {
        fn take(&self, layout: Layout) -> *mut u8 {
            let start = self.next.get().next_multiple_of(layout.align());
            let Some(end) = start.checked_add(layout.size()) else { return std::ptr::null_mut() };
            if end > self.end.get() {
                let pages = (end - self.end.get()).div_ceil(PAGE).max(RESERVED_PAGES);
                let page = core::arch::wasm32::memory_grow(0, pages);
                if page == usize::MAX {
                    return std::ptr::null_mut();
                }
                // Only this allocator grows memory once it is sealed, so the new pages follow the block.
                self.end.set((page + pages) * PAGE);
            }
            self.next.set(end);
            start as *mut u8
        }
    }

    // SAFETY: until sealed every call goes to the system's allocator. After that, memory is handed out once, aligned and
    // inside the module's memory, and never taken back; `realloc` copies what both layouts hold.
    unsafe impl GlobalAlloc for Memory {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            if self.next.get() == 0 { unsafe { System.alloc(layout) } } else { self.take(layout) }
        }

        unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
            if self.next.get() == 0 {
                unsafe { System.dealloc(pointer, layout) }
            }
        }

        unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            if self.next.get() == 0 {
                return unsafe { System.realloc(pointer, layout, size) };
            }
            let last = pointer as usize + layout.size() == self.next.get();
            if last && pointer as usize + size <= self.end.get() {
                self.next.set(pointer as usize + size);
                return pointer;
            }
            let Ok(wanted) = Layout::from_size_align(size, layout.align()) else { return std::ptr::null_mut() };
            let moved = self.take(wanted);
            if !moved.is_null() {
                unsafe { std::ptr::copy_nonoverlapping(pointer, moved, layout.size().min(size)) };
            }
            moved
        }
    }
}
