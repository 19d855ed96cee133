//! Moves jobs from a producer through worker threads to a consumer, in order and with bounded memory.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel, sync_channel};

use rayon::iter::{ParallelBridge as _, ParallelIterator as _};

use crate::error::RunError;

/// `produce` hands jobs to its argument until that returns false; `work` runs on the threads of `pool`; `consume` gets
/// the results in the order of the jobs. At most a few jobs a thread are under way.
pub(crate) fn pump<J: Send, R: Send>(
    pool: &rayon::ThreadPool,
    produce: impl FnOnce(&mut dyn FnMut(J) -> bool) -> Result<(), RunError> + Send,
    work: impl Fn(J) -> Result<R, RunError> + Sync,
    mut consume: impl FnMut(R) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let window = pool.current_num_threads() * 4;
    let stop = AtomicBool::new(false);
    let failure: Mutex<Option<RunError>> = Mutex::new(None);
    let fail = |error: RunError| {
        stop.store(true, Ordering::Relaxed);
        failure.lock().expect("no thread panics with the lock").get_or_insert(error);
    };
    let (job_in, job_out) = sync_channel::<(u64, J)>(window);
    let (done_in, done_out) = channel::<(u64, Option<R>)>();
    // One token for each job under way: taken by the producer, given back by the consumer.
    let (token_in, token_out) = sync_channel::<()>(window);
    std::thread::scope(|scope| {
        let (stop, fail, work) = (&stop, &fail, &work);
        scope.spawn(move || {
            let mut sequence = 0;
            let mut send = |job: J| {
                if stop.load(Ordering::Relaxed) || token_in.send(()).is_err() {
                    return false;
                }
                sequence += 1;
                job_in.send((sequence - 1, job)).is_ok()
            };
            if let Err(error) = produce(&mut send) {
                fail(error);
            }
        });
        scope.spawn(move || {
            pool.install(|| {
                job_out.into_iter().par_bridge().for_each_with(done_in, |done, (sequence, job)| {
                    let result =
                        if stop.load(Ordering::Relaxed) { None } else { work(job).map_err(fail).ok() };
                    // The consumer is gone only when everything is over.
                    let _ = done.send((sequence, result));
                });
            });
        });
        in_order(&done_out, |result| {
            if let Some(result) = result
                && !stop.load(Ordering::Relaxed)
                && let Err(error) = consume(result)
            {
                fail(error);
            }
            let _ = token_out.recv();
        });
    });
    failure.into_inner().expect("no thread panics with the lock").map_or(Ok(()), Err)
}

fn in_order<R>(done: &Receiver<(u64, Option<R>)>, mut visit: impl FnMut(Option<R>)) {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    for (sequence, result) in done {
        waiting.insert(sequence, result);
        while let Some(result) = waiting.remove(&next) {
            visit(result);
            next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> rayon::ThreadPool {
        rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_jobs() {
        let mut seen = Vec::new();
        pump(
            &pool(),
            |send| {
                (0..500_u64).all(send);
                Ok(())
            },
            |n| {
                std::thread::sleep(std::time::Duration::from_micros(n * 7919 % 300));
                Ok(n * 2)
            },
            |n| {
                seen.push(n);
                Ok(())
            },
        )
        .unwrap();
        assert_eq!(seen, (0..500).map(|n| n * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_failure_ends_it_without_hanging() {
        let result = pump(
            &pool(),
            |send| {
                while send(1) {}
                Ok(())
            },
            |n: i32| Ok(n),
            |_| Err(RunError::Interrupted),
        );
        assert!(matches!(result, Err(RunError::Interrupted)));
    }
}
