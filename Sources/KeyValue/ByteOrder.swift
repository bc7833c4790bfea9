import Glibc

/// Whether two keys are the same.
func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && byteOrder(left, right) == 0
}

/// Negative, zero or positive as `left` sorts before, with or after `right`, byte by byte.
func byteOrder(_ left: [UInt8], _ right: [UInt8]) -> Int {
    let common = min(left.count, right.count)
    let order = unsafe left.withUnsafeBytes { leftBytes in
        unsafe right.withUnsafeBytes { rightBytes in
            guard let first = leftBytes.baseAddress, let second = rightBytes.baseAddress else {
                return Int32(0)
            }
            return unsafe memcmp(first, second, common)
        }
    }
    return order == 0 ? left.count - right.count : Int(order)
}
