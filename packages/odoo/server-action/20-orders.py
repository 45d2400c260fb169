# Production orders: finding the open member of a chain of backorders, and creating.

OPEN_STATES = ['confirmed', 'progress', 'to_close']


def group_field():
    return 'production_group_id' if has('mrp.production', 'production_group_id') else 'procurement_group_id'


def chain_of(name):
    # All orders that a name stands for: the order itself, what was split off it, or those whose source it is.
    if ('chain', name) not in memory:
        memory[('chain', name)] = chain_found(name)
    return memory[('chain', name)]


def chain_found(name):
    orders = env['mrp.production'].with_context(active_test=False)
    inside = [('company_id', '=', company.id)]
    named = orders.search(inside + [('name', '=', name)])
    if not named:
        named = orders.search(inside + [('name', '=like', like_text(name) + '-___')])
        named = named.filtered(lambda order: order.name[-3:].isdigit())
    named = named or orders.search(inside + [('origin', '=', name)])
    if not named:
        refuse('order-unknown', 'No production order has the name or source %s.' % name)
    group = group_field()
    groups = named.mapped(group)
    family = named
    if groups:
        family = named | orders.search(inside + [(group, 'in', groups.ids), ('product_id', 'in', named.product_id.ids)])
    return family


def like_text(name):
    return name.replace('\\', '\\\\').replace('%', '\\%').replace('_', '\\_')


def open_order(name):
    family = chain_of(name)
    found = family.filtered_domain([('state', 'in', OPEN_STATES)])
    if len(found) == 1:
        return found
    if len(found) > 1:
        refuse('order-ambiguous', 'More than one open production order stands for %s: %s.' % (
            name, ', '.join(found.mapped('name'))))
    if family.filtered_domain([('state', '=', 'draft')]):
        refuse('order-not-released', 'The production order %s is a draft: it was never confirmed.' % name)
    refuse('order-closed', 'Nothing of the production order %s is open: %s.' % (
        name, ', '.join(['%s is %s' % (order.name, order.state) for order in family])))


def any_order(name):
    # The open member, else the one finished last.
    family = chain_of(name)
    return family.filtered_domain([('state', 'in', OPEN_STATES)])[:1] or family.sorted('id')[-1:]


def plan_create_order(plan):
    value = plan['value']
    product = product_of(value['product'])
    standing = env['mrp.production'].search(
        [('origin', '=', value['order']), ('state', '!=', 'cancel'), ('company_id', '=', company.id)], limit=1)
    if standing:
        refuse('order-exists', 'The production order %s has the source %s already.' % (standing.name, value['order']))
    unit = unit_of(value['quantity']['unit'])
    if not same_kind(unit, product.uom_id):
        refuse('unit-mismatch', '%s is kept in %s, not in %s.' % (product.default_code, product.uom_id.name, unit.name))
    vals = {
        'product_id': product.id,
        'product_qty': fitting(float(value['quantity']['value']), unit, product.default_code),
        'product_uom_id': unit.id,
        'origin': value['order'],
        'company_id': company.id,
    }
    if request.get('warehouse'):
        vals['picking_type_id'] = default_warehouse().manu_type_id.id
    if value.get('revision'):
        vals['bom_id'] = bill_of(product, value['revision']).id
    if value.get('start'):
        vals['date_start'] = value['start']
    if value.get('deadline'):
        vals['date_deadline'] = value['deadline']
    plan['vals'] = vals
    plan['lock'] = ('origin', value['order'])


def bill_of(product, revision):
    found = env['mrp.bom'].search([
        ('product_tmpl_id', '=', product.product_tmpl_id.id), ('product_id', 'in', [False, product.id]),
        ('code', '=', revision), ('company_id', 'in', [False, company.id])], limit=1)
    if not found:
        refuse('bill-unknown', 'The product %s has no bill of materials %s.' % (product.default_code, revision))
    return found


def apply_create_order(plans):
    orders = env['mrp.production'].create([plan['vals'] for plan in plans])
    to_confirm = env['mrp.production']
    for plan, order in zip(plans, orders):
        if plan['value'].get('confirm') is not False:
            to_confirm = to_confirm | order
    if to_confirm:
        to_confirm.action_confirm()
    for plan, order in zip(plans, orders):
        settle(plan, order, order.name, {'state': order.state})
