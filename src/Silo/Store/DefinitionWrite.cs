using Quota.Contracts.V1;
using Quota.Silo.Definitions;

namespace Quota.Silo.Store;

/// <summary>One change of a definition, with what the audit trail says of it.</summary>
/// <param name="Id">What it is called.</param>
/// <param name="Content">What it is from now on, or null: it is deleted.</param>
/// <param name="Source">Who manages it.</param>
/// <param name="AtMs">When, in ms since 1970.</param>
/// <param name="Actor">Who asked for it.</param>
public readonly record struct DefinitionWrite(DefinitionId Id, ReadOnlyMemory<byte>? Content, Source Source, long AtMs, string Actor);
