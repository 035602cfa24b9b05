import type { Action, Expr, Instance, Place, Source, Stmt } from './ir.ts';

/** Another expression, or the same, in the place of one. */
export type MapExpr = (expr: Expr) => Expr;

const maybe = (expr: Expr | undefined, map: MapExpr): Expr | undefined => expr && map(expr);

const mapInstance = (instance: Instance, map: MapExpr): Instance => ({
  ...instance,
  entity: maybe(instance.entity, map),
});

function mapPlace(place: Place, map: MapExpr): Place {
  switch (place.kind) {
    case 'state':
      return { ...place, instance: mapInstance(place.instance, map) };
    case 'feedback':
      return { ...place, vcpu: maybe(place.vcpu, map) };
    case 'kernel':
      return { ...place, object: map(place.object) };
    case 'hint':
    case 'tunable':
      return place;
  }
}

/** The expression with others for its operands, which are mapped in the order in which they are computed. */
export function mapOperands(expr: Expr, map: MapExpr): Expr {
  switch (expr.kind) {
    case 'table':
      return { ...expr, key: map(expr.key) };
    case 'load':
      return { ...expr, place: mapPlace(expr.place, map) };
    case 'load-hint':
      return { ...expr, vcpu: map(expr.vcpu) };
    case 'counter-value':
      return { ...expr, entity: maybe(expr.entity, map) };
    case 'binary':
    case 'logical':
      return { ...expr, left: map(expr.left), right: map(expr.right) };
    case 'not':
    case 'complement':
    case 'negate':
    case 'convert':
    case 'some':
    case 'is-some':
      return { ...expr, operand: map(expr.operand) };
    case 'select':
      return {
        ...expr,
        condition: map(expr.condition),
        then: map(expr.then),
        otherwise: map(expr.otherwise),
      };
    case 'call':
    case 'kernel-call':
    case 'intrinsic':
      return { ...expr, args: expr.args.map(map) };
    case 'collection':
      return { ...expr, instance: mapInstance(expr.instance, map), arg: maybe(expr.arg, map) };
    case 'dsq':
      return expr.which.kind === 'local-on'
        ? { ...expr, which: { ...expr.which, cpu: map(expr.which.cpu) } }
        : expr;
    case 'const':
    case 'kernel-const':
    case 'local':
    case 'param':
    case 'none':
      return expr;
  }
}

function mapSource(source: Source, map: MapExpr): Source {
  switch (source.kind) {
    case 'cpus':
      return { ...source, mask: map(source.mask) };
    case 'vcpus':
      return { ...source, vm: map(source.vm) };
    case 'dsq':
      return { ...source, dsq: map(source.dsq) };
    case 'list':
      return { ...source, instance: mapInstance(source.instance, map) };
    case 'vms':
      return source;
  }
}

const mapAction = (action: Action, map: MapExpr): Action => ({ ...action, args: action.args.map(map) });

/** The statement with other expressions, mapped in the order in which they are computed; its blocks stay as they are. */
export function mapExprs(stmt: Stmt, map: MapExpr): Stmt {
  switch (stmt.kind) {
    case 'let':
    case 'let-tuple':
    case 'set':
    case 'if-some':
    case 'expr':
      return { ...stmt, value: map(stmt.value) };
    case 'store':
      return { ...stmt, value: map(stmt.value), place: mapPlace(stmt.place, map) };
    case 'count':
      return { ...stmt, amount: map(stmt.amount), entity: maybe(stmt.entity, map) };
    case 'record':
      return { ...stmt, value: map(stmt.value), entity: maybe(stmt.entity, map) };
    case 'collect':
      return { ...stmt, value: maybe(stmt.value, map), instance: mapInstance(stmt.instance, map) };
    case 'if':
      return { ...stmt, condition: map(stmt.condition) };
    case 'match':
      return { ...stmt, subject: map(stmt.subject) };
    case 'for-range':
      return { ...stmt, from: map(stmt.from), to: map(stmt.to) };
    case 'for-each':
      return { ...stmt, source: mapSource(stmt.source, map) };
    case 'return':
      return { ...stmt, value: maybe(stmt.value, map) };
    case 'action':
      return { ...stmt, action: mapAction(stmt.action, map) };
    case 'log':
      return { ...stmt, parts: stmt.parts.map((part) => (typeof part === 'string' ? part : map(part))) };
    case 'break':
    case 'continue':
      return stmt;
  }
}

/** The statement with other blocks. */
export function mapBlocks(stmt: Stmt, map: (block: readonly Stmt[]) => readonly Stmt[]): Stmt {
  switch (stmt.kind) {
    case 'if':
    case 'if-some':
      return { ...stmt, then: map(stmt.then), otherwise: map(stmt.otherwise) };
    case 'match':
      return { ...stmt, arms: stmt.arms.map((arm) => ({ ...arm, body: map(arm.body) })) };
    case 'for-range':
    case 'for-each':
      return { ...stmt, body: map(stmt.body) };
    default:
      return stmt;
  }
}
