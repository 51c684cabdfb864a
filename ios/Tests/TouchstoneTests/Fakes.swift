import Foundation

@testable import Touchstone

/// A store in memory.
final class Drawer: SecretStore, @unchecked Sendable {
    private let lock = NSLock()
    private var secrets: [String: Data] = [:]
    private let broken: Bool

    init(broken: Bool = false) {
        self.broken = broken
    }

    func read(service: String, name: String) throws -> Data? {
        try locked { secrets[service + "/" + name] }
    }

    func write(_ secret: Data, service: String, name: String) throws {
        try locked { secrets[service + "/" + name] = secret }
    }

    func remove(service: String, name: String) throws {
        try locked { secrets[service + "/" + name] = nil }
    }

    private func locked<T>(_ body: () -> T) throws -> T {
        guard !broken else { throw SecretStoreError(status: -1) }
        lock.lock()
        defer { lock.unlock() }
        return body()
    }
}

/// Keys that are random bytes behind the maker's name, and signatures that begin with it.
struct FakeKeys: KeyMaker {
    let name: UInt8
    var refuses = false

    func make() throws -> Data {
        guard !refuses else { throw SecretStoreError(status: -2) }
        return Data([name] + (0..<64).map { _ in UInt8.random(in: 0...255) })
    }

    func publicKey(of key: Data) throws -> Data { key }

    func sign(_ message: Data, with key: Data) throws -> Data {
        Data([name]) + message
    }
}
