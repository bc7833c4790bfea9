import Identifiers
import IOCore
import Wire

/// Finds out when the other end of an open connection has fallen silent: a node that is stopped, or
/// a network that swallows everything, ends no connection by itself.
///
/// A node answers a status request at once, whatever else it is busy with. So one is sent after a
/// second without a word while something is awaited, and after three the connection is given up.
extension ClientCore {
    private static let probeMilliseconds: UInt64 = 1_000
    private static let patienceMilliseconds: UInt64 = 3_000

    /// Begins to listen for silence on a connection that has just become ready.
    func watchSilence() {
        lastHeard = loop.now
        isProbing = false
        guard silenceTimer == nil else { return }
        scheduleSilenceCheck()
    }

    /// Something has arrived.
    func heard() {
        lastHeard = loop.now
    }

    private func scheduleSilenceCheck() {
        let bound = LoopBound(self, to: loop)
        let next = loop.now.advanced(milliseconds: Self.probeMilliseconds)
        silenceTimer = loop.schedule(at: next) { bound.value.checkSilence() }
    }

    private func checkSilence() {
        silenceTimer = nil
        guard case .ready(let driver) = route else { return }
        guard !sent.isEmpty else {
            heard()
            scheduleSilenceCheck()
            return
        }
        let quiet = loop.now.milliseconds(since: lastHeard)
        if quiet >= Self.patienceMilliseconds, isProbing {
            isProbing = false
            leaveRoute("\(driver.address) has been silent for \(quiet) ms", next: nil, wait: .none)
            return
        }
        if quiet >= Self.probeMilliseconds, !isProbing {
            isProbing = true
            let identifier = takeRequest()
            sent[identifier] = .probe
            driver.send(identifier, .status)
        }
        scheduleSilenceCheck()
    }
}
