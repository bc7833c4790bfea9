import JSON
import Lockstep
import Wording

extension TransactionDocument {
    /// What must hold of what an expectation names.
    private enum Demand {
        case at(UInt64)
        case absent
    }

    /// Adds one member of `expect` to the transaction.
    static func expect(
        _ place: JSONPlace, of transaction: inout Transaction
    ) throws(SchemaFailure) {
        let members = try place.members(allowed: ["path", "store", "key", "at", "absent"])
        let demand = try demand(place, members)
        if let path = members["path"] {
            if let other = members["store"] ?? members["key"] {
                throw other.failure("belongs to a row; leave it or \"path\" out")
            }
            try expect(demand, ofGroup: path, in: &transaction)
            return
        }
        guard let store = members["store"], let key = members["key"] else {
            throw place.failure("needs \"path\", or \"store\" and \"key\"")
        }
        let row = try self.key(key)
        let kind = try store.choice(of: StoreKind.self)
        switch demand {
        case .at(let index): transaction.expect(store: kind, key: row, at: index)
        case .absent: transaction.expectAbsent(store: kind, key: row)
        }
    }

    private static func demand(
        _ place: JSONPlace, _ members: [String: JSONPlace]
    ) throws(SchemaFailure) -> Demand {
        switch (members["at"], members["absent"]) {
        case (let at?, nil):
            return .at(try at.integer(1...UInt64.max))
        case (nil, let absent?):
            guard try absent.boolean() else {
                throw absent.failure("must be true; leave it out to say nothing")
            }
            return .absent
        case (nil, nil), (_?, _?):
            throw place.failure("needs either \"at\" or \"absent\"")
        }
    }

    private static func expect(
        _ demand: Demand, ofGroup place: JSONPlace, in transaction: inout Transaction
    ) throws(SchemaFailure) {
        let text = try place.string()
        guard let location = PropertyLocation(argument: text), location.kind == .group else {
            throw place.failure("must be the path of: group, not \(Words.quoted(text))")
        }
        do throws(LockstepError) {
            switch demand {
            case .at(let index): try transaction.expectGroup(location.path, at: index)
            case .absent: try transaction.expectNoGroup(location.path)
            }
        } catch {
            throw place.failure(error)
        }
    }

    private static func key(_ place: JSONPlace) throws(SchemaFailure) -> [UInt8] {
        let text = try place.string()
        guard let bytes = TriggerConditions.bytes(hexadecimal: text), !bytes.isEmpty else {
            throw place.failure("must be a row's key in hexadecimal, not \(Words.quoted(text))")
        }
        return bytes
    }
}
