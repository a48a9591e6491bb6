namespace LuoInterop.Systemd;

/// <summary>Says why a descriptor store refused.</summary>
public enum StoreRefusal
{
    /// <summary>The process was not started by systemd, or not as a service that may notify: NOTIFY_SOCKET is not set.</summary>
    NoServiceManager,

    /// <summary>The service has no store: FDSTORE is not set, since FileDescriptorStoreMax= is 0, its default.</summary>
    NoStore,

    /// <summary>The store holds as many descriptors as FileDescriptorStoreMax= allows.</summary>
    Full,

    /// <summary>systemd read the message and did not keep the descriptor.</summary>
    NotKept,

    /// <summary>What systemd passes in the environment is not what it writes there.</summary>
    MalformedEnvironment,

    /// <summary>Nothing of this name was received, or it was taken already.</summary>
    NotReceived,

    /// <summary>Several descriptors of one name were received.</summary>
    Ambiguous,

    /// <summary>The descriptor is stored under another name, or is of another kind than was asked for.</summary>
    WrongDescriptor,

    /// <summary>systemd started another process of the unit, such as a shell, and passes what is stored to that one alone.</summary>
    NotMainProcess,
}
