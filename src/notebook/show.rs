//! How values show themselves.
//!
//! evcxr calls `evcxr_display` on a cell's last value; a value without this method is compiled a second time and
//! printed with `{:?}`. The trait gives the common types this method, so a plain `df` at the end of a cell becomes a
//! table and is compiled once.

use std::fmt::Debug;

use super::send::send_text;

/// A value that knows how to appear in a notebook.
pub trait Show {
    /// Sends the value to Jupyter: called by evcxr for the last value of a cell.
    #[track_caller]
    fn evcxr_display(&self);
}

/// Shows a value as a cell shows its last one: through [`Show`] if its type implements it, otherwise with `{:?}`.
/// Programs made by `casebook export` use it where a cell ends with a value.
///
/// ```
/// use casebook::prelude::*;
///
/// #[derive(Debug)]
/// struct Own(u8);
/// casebook::notebook::plain_text();
/// casebook::show!(df!("x" => [1, 2])?);
/// casebook::show!(Own(3));
/// # Ok::<(), casebook::Error>(())
/// ```
#[macro_export]
macro_rules! show {
    ($value:expr) => {{
        use $crate::notebook::{ByDebug as _, ByShow as _};
        (&$crate::notebook::Value(&$value)).shown()
    }};
}

/// A wrapper that [`show!`](crate::show!) uses to choose between two traits: the one that needs no further reference is
/// found first.
#[doc(hidden)]
pub struct Value<T>(pub T);

#[doc(hidden)]
pub trait ByShow {
    #[track_caller]
    fn shown(&self);
}

impl<T: Show + ?Sized> ByShow for Value<&T> {
    fn shown(&self) {
        self.0.evcxr_display();
    }
}

#[doc(hidden)]
pub trait ByDebug {
    fn shown(&self);
}

impl<T: Debug + ?Sized> ByDebug for &Value<&T> {
    fn shown(&self) {
        send_text(&format!("{:?}", self.0));
    }
}

/// Shows nothing: a cell that ends in a loop or a block prints no `()`.
impl Show for () {
    fn evcxr_display(&self) {}
}

impl Show for str {
    fn evcxr_display(&self) {
        send_text(self);
    }
}

impl Show for String {
    fn evcxr_display(&self) {
        send_text(self);
    }
}

macro_rules! show_with_debug {
    ($($ty:ty),*) => {$(
        impl Show for $ty {
            fn evcxr_display(&self) {
                send_text(&format!("{self:?}"));
            }
        }
    )*};
}
show_with_debug!(bool, char, i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
show_with_debug!(f32, f64, crate::Error);

impl<T: Debug> Show for Option<T> {
    fn evcxr_display(&self) {
        send_text(&format!("{self:#?}"));
    }
}

impl<T: Debug> Show for [T] {
    fn evcxr_display(&self) {
        send_text(&format!("{self:?}"));
    }
}

impl<T: Debug> Show for Vec<T> {
    fn evcxr_display(&self) {
        self.as_slice().evcxr_display();
    }
}

/// Shows what a pointer points to, as a method call would find it.
macro_rules! show_through {
    ($($pointer:ty),*) => {$(
        impl<T: Show + ?Sized> Show for $pointer {
            fn evcxr_display(&self) {
                T::evcxr_display(self);
            }
        }
    )*};
}
show_through!(&T, &mut T, Box<T>, std::rc::Rc<T>, std::sync::Arc<T>);
