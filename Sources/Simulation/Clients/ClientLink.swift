import Codec
import IOCore
import Wire

/// Who speaks over a client's connection to a node.
protocol ClientLinkOwner: AnyObject {
    func opened()
    func closed(_ ended: ClientLink, _ reason: String)
    func received(_ identifier: RequestID, _ response: Response)
}

/// A simulated client's connection to one node: handshake, then messages.
final class ClientLink: ConnectionHandler {
    private let connection: any Connection
    private unowned let owner: any ClientLinkOwner
    private let limits: Limits
    private var opener: HandshakeOpener?
    private var splitter: MessageSplitter
    private(set) var isOpen = false
    private var isClosed = false

    init(_ connection: any Connection, owner: any ClientLinkOwner, limits: Limits) {
        self.connection = connection
        self.owner = owner
        self.limits = limits
        splitter = MessageSplitter(limitBytes: limits.clientAnswerBytes)
    }

    func open() {
        let opener = HandshakeOpener(HandshakeOffer(role: .client))
        self.opener = opener
        connection.send(opener.offer.encoded())
        connection.setHandler(self)
    }

    func send(_ identifier: RequestID, _ request: Request) {
        var writer = ByteWriter()
        request.encode(identifier, into: &writer)
        connection.send(writer.take())
    }

    func close() {
        isClosed = true
        connection.close(flush: false)
    }

    // MARK: ConnectionHandler

    func received(_ bytes: [UInt8]) {
        guard !isClosed else { return }
        guard var opener else {
            splitter.append(bytes)
            drain()
            return
        }
        switch opener.received(bytes) {
        case .needsMore:
            self.opener = opener
        case .refused(let refusal):
            end("\(refusal)")
        case .accepted(_, let rest):
            self.opener = nil
            isOpen = true
            splitter.append(rest)
            owner.opened()
            drain()
        }
    }

    func drained() {}

    func closed(_ reason: String) {
        guard !isClosed else { return }
        isClosed = true
        owner.closed(self, reason)
    }

    private func drain() {
        while !isClosed {
            do throws(DecodingFailure) {
                guard var message = try splitter.next() else { return }
                let identifier = RequestID(try message.body.readUInt32())
                let response = try Response.decode(
                    kind: message.kind, &message.body, limits: limits)
                owner.received(identifier, response)
            } catch {
                end("an answer cannot be read: \(error)")
            }
        }
    }

    private func end(_ reason: String) {
        connection.close(flush: false)
        closed(reason)
    }
}
