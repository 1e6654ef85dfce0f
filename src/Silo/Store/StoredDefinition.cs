using Quota.Contracts.V1;
using Quota.Silo.Definitions;

namespace Quota.Silo.Store;

/// <summary>A definition as the store keeps it.</summary>
/// <param name="Id">What it is called.</param>
/// <param name="Version">Number of the audit entry that wrote it: no two writes of one name ever have the same.</param>
/// <param name="Source">Who manages it.</param>
/// <param name="UpdatedAtMs">When it was written, in ms since 1970.</param>
/// <param name="Content">A Namespace, Plan or Key of quota.v1 without the fields that the server sets.</param>
public readonly record struct StoredDefinition(DefinitionId Id, long Version, Source Source, long UpdatedAtMs, ReadOnlyMemory<byte> Content);
