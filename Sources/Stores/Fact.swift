/// What a store holds under the name of a change, in a form that needs no knowledge of the store.
///
/// Pre-commit triggers hold their conditions against it.
package struct Fact: Hashable, Sendable {
    /// The store's name for what kind of thing it is.
    package let type: String
    /// The one string form of each value, in order.
    package let values: [[UInt8]]

    package init(type: String, values: [[UInt8]]) {
        self.type = type
        self.values = values
    }
}
