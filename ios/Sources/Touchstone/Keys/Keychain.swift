#if canImport(Security)
import Foundation
import Security

/// The system's Keychain. What it keeps stays on this phone: it is in no backup that another phone could read.
public struct Keychain: SecretStore {
    /// The Keychain of this app.
    public init() {}

    public func read(service: String, name: String) throws -> Data? {
        var query = item(service: service, name: name)
        query[kSecReturnData] = true
        query[kSecMatchLimit] = kSecMatchLimitOne
        var found: CFTypeRef?
        let status = SecItemCopyMatching(query as CFDictionary, &found)
        switch status {
        case errSecSuccess: return found as? Data
        case errSecItemNotFound: return nil
        default: throw SecretStoreError(status: status)
        }
    }

    public func write(_ secret: Data, service: String, name: String) throws {
        let query = item(service: service, name: name)
        let update = SecItemUpdate(query as CFDictionary, [kSecValueData: secret] as CFDictionary)
        guard update == errSecItemNotFound else {
            return try check(update)
        }
        var new = query
        new[kSecValueData] = secret
        // A set-up goes on while the screen is locked; after a restart the phone has to be unlocked once.
        new[kSecAttrAccessible] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
        try check(SecItemAdd(new as CFDictionary, nil))
    }

    public func remove(service: String, name: String) throws {
        let status = SecItemDelete(item(service: service, name: name) as CFDictionary)
        if status != errSecItemNotFound {
            try check(status)
        }
    }

    private func item(service: String, name: String) -> [CFString: Any] {
        [
            kSecClass: kSecClassGenericPassword,
            kSecAttrService: service,
            kSecAttrAccount: name,
            // On a Mac: the Keychain that apps share with iOS, not the old file.
            kSecUseDataProtectionKeychain: true,
        ]
    }

    private func check(_ status: OSStatus) throws {
        guard status == errSecSuccess else {
            throw SecretStoreError(status: status)
        }
    }
}
#endif
