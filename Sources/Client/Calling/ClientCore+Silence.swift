package import IOCore
import Identifiers
import Wire

extension ClientCore {
    /// Begins to listen for silence on a connection that has just become ready.
    func watchSilence() {
        silence = SilenceWatch(from: loop.now)
        guard silenceTimer == nil else { return }
        scheduleSilenceCheck()
    }

    private func scheduleSilenceCheck() {
        let bound = LoopBound(self, to: loop)
        let next = loop.now.advanced(milliseconds: SilenceWatch.periodMilliseconds)
        silenceTimer = loop.schedule(at: next) { bound.value.checkSilence() }
    }

    private func checkSilence() {
        silenceTimer = nil
        guard case .ready(let driver) = route else { return }
        switch silence.check(at: loop.now, isAwaiting: !sent.isEmpty) {
        case .healthy:
            break
        case .probe:
            let identifier = takeRequest()
            sent[identifier] = .probe
            driver.send(identifier, .status)
        case .silent(let milliseconds):
            leaveRoute(
                "\(driver.address) has been silent for \(milliseconds) ms", next: nil, wait: .none)
            return
        }
        scheduleSilenceCheck()
    }

    /// Leaves `node` where it is the way to the leader: it has just left a question unanswered for
    /// longer than its caller waits, which `checkSilence` may take seconds to find out.
    package func avoid(_ node: Address) {
        switch route {
        case .connecting(let driver), .ready(let driver):
            guard driver.address == node else { return }
            passOver(node)
            if hasWork {
                leaveRoute("\(node) does not answer", next: nil, wait: .none)
            } else {
                dropRoute(flush: false)
                putBack("\(node) does not answer")
            }
        case .idle, .waiting, .closed:
            return
        }
    }
}
