namespace Quota.Silo.Definitions;

/// <summary>What is defined. APPEND-ONLY: the values are stored (docs/DATA_FILE.md). Their order is that of an export.</summary>
public enum DefinitionKind : byte
{
    Namespace = 1,
    Plan = 2,
    Key = 3,

    /// <summary>
    /// No definition: a key whose erasure was begun and is not complete. Its content is the pseudonym, and in a cluster's replica its name is so as well.
    /// </summary>
    Erasure = 4,
}
