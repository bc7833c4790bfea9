import Client
import Glibc
import IOBlocking
import IOCore
import Identifiers

/// A client core on a loop of its own, as far as it belongs to one process.
final class Attachment: Sendable {
    let process = getpid()
    let loop: PollLoop
    let core: LoopBound<ClientCore>

    /// Makes one that is not connected yet; fails where the process has no descriptor left.
    init(_ settings: ClientCore.Settings) throws(CallFailure) {
        do throws(NetworkFailure) {
            let loop = try PollLoop()
            self.loop = loop
            core = loop.entered {
                let core = ClientCore(
                    loop: loop, network: PollNetwork(loop), settings: settings,
                    coding: RecordCoding())
                return LoopBound(core, to: loop)
            }
        } catch {
            throw .unavailable("\(error)")
        }
    }

    /// Whether this process made it, and its descriptors are there still.
    var isOurs: Bool {
        process == getpid() && loop.isIntact
    }

    /// Takes in what came while nobody waited; false where it cannot be used any more.
    ///
    /// Another process' is left to it; one whose descriptors the program has closed is of no use.
    func catchUp() -> Bool {
        isOurs && loop.catchUp()
    }

    /// Lets go of the connection, whatever may still be done with it.
    func letGo() {
        guard isOurs else {
            loop.abandon()
            return
        }
        loop.entered { core.value.close() }
        loop.end()
    }
}
