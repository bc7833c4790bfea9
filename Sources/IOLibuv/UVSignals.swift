import CLibuv
import Glibc
import IOCore

/// The signals that ask the process to end, as calls on a loop.
///
/// While it stands, SIGTERM and SIGINT have no other effect.
package final class UVSignals {
    package enum Signal: Sendable {
        case terminate
        case interrupt
    }

    private var handles: [SignalHandle] = []

    /// Delivers each signal to `receive`; on the loop.
    package init(on loop: UVLoop, _ receive: @escaping (Signal) -> Void) {
        handles = [
            SignalHandle(on: loop, signal: SIGTERM) { _ in receive(.terminate) },
            SignalHandle(on: loop, signal: SIGINT) { _ in receive(.interrupt) },
        ]
    }

    /// Gives the signals their former effect back; a second call does nothing.
    package func close() {
        for handle in handles where handle.isOpen { handle.close() }
        handles = []
    }
}
