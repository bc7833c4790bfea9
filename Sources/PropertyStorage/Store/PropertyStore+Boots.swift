import Codec
package import KeyValue
package import Properties
import Stores
import Transactions

// Clearing the groups that are not persistent.
extension PropertyStore {
    /// What the log knows of the nodes' boots.
    package static func boots(in view: some ReadView) throws(EngineFailure) -> BootRegister {
        guard let row = try view.get(PropertyKeys.bootsKey) else { return BootRegister() }
        do {
            return try BootRegister(row.value)
        } catch {
            throw EngineFailure("read the boots of the nodes", reason: error.description)
        }
    }

    /// Takes up what the leader knows, and goes on with a clearing, or begins one.
    func note<V: View>(
        _ boots: [NodeBoot], in view: inout V, context: inout ApplyContext
    ) throws(StoreFailure) -> [UInt8] {
        var register: BootRegister
        do {
            register = try Self.boots(in: view)
        } catch {
            throw .engine(error)
        }
        register.note(boots, at: context.index)
        var result = DropResult(dropped: 0, isPartial: false)
        if register.isClearing {
            result = try dropNonPersistentGroups(
                before: register.clearing, from: &view, context: &context)
            register.isClearing = result.isPartial
        }
        view.put(PropertyKeys.bootsKey, register.encoded())
        return result.encoded()
    }
}
