using Quota.Silo.Definitions.Log;

namespace Quota.Silo.Store;

/// <summary>How far a replica has come.</summary>
/// <param name="Applied">Last record of the change log that it holds; 0 for none.</param>
/// <param name="Adopted">The file that the cluster adopted last, as far as the replica knows; null for none.</param>
internal readonly record struct ReplicaPosition(long Applied, FileMark? Adopted);
