import IOCore
import Identifiers

extension Setting {
    /// Reads `text` as this setting's value and puts it into `configuration`, or says why not.
    func apply(_ text: String, to draft: inout Draft) throws(ValueFailure) {
        switch self {
        case .node, .cluster, .data, .triggerPrograms: try applyName(text, to: &draft)
        case .peerListen, .peerAdvertise, .clientListen, .clientAdvertise, .join, .metricsListen:
            try applyAddress(text, to: &draft)
        case .members: draft.configuration.members = try memberList(text)
        case .election, .heartbeat, .diskHang: try applyTimer(text, to: &draft)
        case .cache, .retainedLog, .connections:
            try applyBound(text, to: &draft)
        case .logLevel:
            guard let level = NodeConfiguration.LogLevel(rawValue: text) else {
                throw refusal(text)
            }
            draft.configuration.log.level = level
        case .logFormat:
            guard let format = NodeConfiguration.LogFormat(rawValue: text) else {
                throw refusal(text)
            }
            draft.configuration.log.format = format
        }
    }

    private func refusal(_ text: String) -> ValueFailure {
        ValueFailure(allowed: allowed, found: text)
    }

    private func applyName(_ text: String, to draft: inout Draft) throws(ValueFailure) {
        switch self {
        case .node:
            guard let id = Values.number(text), Ranges.node.contains(id) else {
                throw refusal(text)
            }
            draft.configuration.node = NodeID(id)
        case .cluster:
            guard Values.isClusterName(text) else { throw refusal(text) }
            draft.configuration.cluster = text
        case .data:
            guard isPath(text) else { throw refusal(text) }
            draft.configuration.dataDirectory = text
        case .triggerPrograms:
            guard isPath(text) else { throw refusal(text) }
            draft.configuration.triggerPrograms = text
        default: preconditionFailure("\(self) is no name")
        }
    }

    private func isPath(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count < 4_096 && !text.utf8.contains(0)
    }

    private func applyAddress(_ text: String, to draft: inout Draft) throws(ValueFailure) {
        if self == .metricsListen, text == "off" {
            draft.configuration.metrics = nil
            return
        }
        guard let address = Values.address(text) else { throw refusal(text) }
        switch self {
        case .peerListen: draft.configuration.peer.listen = try loopback(address)
        case .clientListen: draft.configuration.client.listen = try loopback(address)
        case .metricsListen: draft.configuration.metrics = try loopback(address)
        case .peerAdvertise: draft.peerAdvertise = address
        case .clientAdvertise: draft.clientAdvertise = address
        case .join: draft.configuration.join = address
        default: preconditionFailure("\(self) is no address")
        }
    }

    private func loopback(_ address: Address) throws(ValueFailure) -> Address {
        guard address.isLoopback else {
            throw ValueFailure(
                "is \(address), which other machines may reach, and connections are neither"
                    + " encrypted nor authenticated yet; listen on 127.0.0.1 or [::1] and reach it"
                    + " through a tunnel")
        }
        return address
    }

    private func memberList(_ text: String) throws(ValueFailure) -> [NodeConfiguration.Member] {
        var members: [NodeConfiguration.Member] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let member = Values.member(part) else { throw refusal(String(part)) }
            members.append(member)
        }
        return members
    }

    private func applyTimer(_ text: String, to draft: inout Draft) throws(ValueFailure) {
        guard let milliseconds = Values.milliseconds(text) else { throw refusal(text) }
        let range: ClosedRange<UInt64>
        let timer: WritableKeyPath<NodeConfiguration.Timers, UInt64>
        switch self {
        case .election: (range, timer) = (Ranges.election, \.electionMilliseconds)
        case .heartbeat: (range, timer) = (Ranges.heartbeat, \.heartbeatMilliseconds)
        case .diskHang: (range, timer) = (Ranges.diskHang, \.diskHangMilliseconds)
        default: preconditionFailure("\(self) is no timer")
        }
        guard range.contains(milliseconds) else { throw refusal(text) }
        draft.configuration.timers[keyPath: timer] = milliseconds
    }

    private func applyBound(_ text: String, to draft: inout Draft) throws(ValueFailure) {
        let value: UInt64?
        let range: ClosedRange<UInt64>
        let bound: WritableKeyPath<NodeConfiguration.Bounds, Int>
        switch self {
        case .cache: (value, range, bound) = (Values.bytes(text), Ranges.cache, \.cacheBytes)
        case .retainedLog:
            (value, range, bound) = (Values.bytes(text), Ranges.retainedLog, \.retainedLogBytes)
        case .connections:
            (value, range, bound) = (Values.number(text), Ranges.connections, \.connections)
        default: preconditionFailure("\(self) is no bound")
        }
        guard let value, range.contains(value) else { throw refusal(text) }
        draft.configuration.bounds[keyPath: bound] = Int(value)
    }
}
