package import Transactions
/// The stores that a node has, found by their numbers.
package struct StoreRegistry: Sendable {
    private var places: [UInt8?]
    private var stores: [any Store] = []

    /// Registers `stores`, no two of which may have the same number.
    package init(_ stores: [any Store]) {
        places = Array(repeating: nil, count: 256)
        for store in stores {
            let number = Int(store.identifier.rawValue)
            precondition(number != 0, "store number 0")
            precondition(places[number] == nil, "two stores of number \(number)")
            places[number] = UInt8(self.stores.count)
            self.stores.append(store)
        }
    }

    package subscript(identifier: StoreID) -> (any Store)? {
        guard let place = places[Int(identifier.rawValue)] else { return nil }
        return stores[Int(place)]
    }

    /// All of them, in the order of registration.
    package var all: [any Store] {
        stores
    }
}
