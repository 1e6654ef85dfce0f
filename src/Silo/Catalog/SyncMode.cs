namespace Quota.Silo.Catalog;

/// <summary>What an accepted decision waits for before it is answered.</summary>
public enum SyncMode
{
    /// <summary>The sync of the group commit that holds it: neither kill -9 nor a power cut loses it.</summary>
    Commit,

    /// <summary>The write to the operating system: kill -9 loses nothing, a power cut what the system had not yet written.</summary>
    Os,
}
