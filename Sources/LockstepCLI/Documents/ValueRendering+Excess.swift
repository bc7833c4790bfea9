import Lockstep
import Manifests
import Properties

extension ValueRendering {
    /// How much too long `text` is for a value of `type`; nil where its length is right.
    static func excess(_ text: String, _ type: Lockstep.PropertyType) -> String? {
        guard let type = Properties.PropertyType(name: type.rawValue) else {
            preconditionFailure("the store has no type \(type.rawValue)")
        }
        return ValueRefusal.excess(of: text, as: type)
    }
}
