//! A function of a plugin, in the words of its track.

use std::marker::PhantomData;

use wasmtime::component::{ComponentExportIndex, Lift, Lower};

use super::convert::{FromWit, ToWit};
use crate::guest::{Guest, Trial};
use crate::{CallError, LoadError, Reply};

/// A function that takes `Q` and answers `A`, or the error `E`: found, and its types checked.
pub(super) struct Function<Q, A, E> {
    index: ComponentExportIndex,
    words: PhantomData<fn(Q) -> Result<A, E>>,
}

impl<Q, A, E> Function<Q, A, E>
where
    Q: Lower + Send + Sync + 'static,
    A: Lift + Send + Sync + 'static,
    E: Lift + Send + Sync + 'static,
{
    /// Finds it by its name.
    pub(super) fn find(trial: &mut Trial<'_>, name: &str) -> Result<Self, LoadError> {
        Ok(Self { index: trial.function::<(Q,), (Result<A, E>,)>(name)?, words: PhantomData })
    }

    /// Calls it with words of the domain, and reads its answer into such.
    pub(super) fn call<R, F>(&self, guest: &Guest, request: &impl ToWit<Q>) -> Result<Reply<R, F>, CallError>
    where
        R: FromWit<A>,
        F: FromWit<E>,
    {
        let mut size = 0;
        let request = request.to_wit(&mut size);
        guest.limits().check_input(size)?;
        let (answer, stats) = guest.call::<(Q,), Result<A, E>>(&self.index, (request,))?;
        let answer = match answer {
            Ok(answer) => Ok(R::from_wit(answer)?),
            Err(error) => Err(F::from_wit(error)?),
        };
        Ok(Reply { answer, stats })
    }
}
